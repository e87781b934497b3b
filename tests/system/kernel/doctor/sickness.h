// One sickness for each rule of the doctor that a test can cause in a namespace or a process.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/system/kernel/doctor/patient.h"

namespace lastbyte::system_test {

/// Whether the finding's command cures the sickness; the test tries it.
enum class Mending { by_the_command, not_by_a_command };

struct Sickness {
  std::string id;                        ///< the rule that must find it
  std::function<void(Patient&)> sicken;  ///< runs inside the namespace
  Mending mending = Mending::not_by_a_command;
  Ids also = {};  ///< further findings that it may cause
};

std::vector<Sickness> setting_sicknesses();
std::vector<Sickness> traffic_sicknesses();
std::vector<Sickness> socket_sicknesses();
std::vector<Sickness> process_sicknesses();
std::vector<Sickness> all_sicknesses();

/// Rules about facts that no namespace or process has for itself, with the reason. tests/doctor/rules tests them.
const std::map<std::string, std::string>& proven_by_facts();

}  // namespace lastbyte::system_test
