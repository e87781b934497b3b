// lab: experiments that show a rule of the kernel's TCP on the kernel that runs. This file: an experiment as data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lastbyte::lab {

class Stage;

/// What the two hosts of an experiment are joined by.
enum class Medium : std::uint8_t {
  loopback,  ///< one network namespace: both are 127.0.0.1
  veth,      ///< two namespaces with a pair of virtual Ethernet devices between them
};

/// One row of an experiment's table. The words are compared exactly, so the experiment sees to it that the same
/// behaviour is told in the same words.
struct Expectation {
  std::string_view row;        ///< unique within the experiment
  std::string_view expected;   ///< on both media
  std::string_view veth = {};  ///< where it differs on veth; empty: it does not
  std::string_view why = {};   ///< the reason for a difference of the media, or the kernel's source
};

struct Experiment {
  std::string_view name;
  std::string_view title;
  std::string_view question;  ///< a sentence or two: what it tries, and how
  std::span<const Expectation> table;
  std::string_view finding;              ///< what the expected table means, in one sentence
  std::string_view advice;               ///< what to do in one's own server
  bool slow = false;                     ///< takes a minute or more: of --all, only with --slow
  bool one_medium = false;               ///< the medium makes no difference to it by its nature: loopback alone
  void (*play)(Stage& stage) = nullptr;  ///< plays it and reports each row to the stage
};

}  // namespace lastbyte::lab
