// One sickness for each rule of the doctor that a namespace or a process can be given.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/system/kernel/doctor/patient.h"

namespace lastbyte::system_test {

/// Whether the command of the finding ends the sickness, tried in the test.
enum class Mending { by_the_command, not_by_a_command };

struct Sickness {
  std::string id;                        ///< the rule that must find it
  std::function<void(Patient&)> sicken;  ///< inside the namespace
  Mending mending = Mending::not_by_a_command;
  Ids also = {};  ///< what else it brings, and may be found
};

std::vector<Sickness> setting_sicknesses();
std::vector<Sickness> traffic_sicknesses();
std::vector<Sickness> socket_sicknesses();
std::vector<Sickness> process_sicknesses();
std::vector<Sickness> all_sicknesses();

/// Rules whose facts no namespace and no process has for itself, and why: tests/doctor/rules proves them.
const std::map<std::string, std::string>& proven_by_facts();

}  // namespace lastbyte::system_test
