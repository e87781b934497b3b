// lab: experiments that show a rule of TCP on the running kernel. This file: an experiment as data.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lastbyte::lab {

class Stage;

/// How an experiment's two hosts are connected.
enum class Medium : std::uint8_t {
  loopback,  ///< one network namespace: both hosts are 127.0.0.1
  veth,      ///< two namespaces, connected by a pair of virtual Ethernet devices
};

/// One row of an experiment's table. Texts are compared exactly, so an experiment must use the same words for the same
/// behaviour.
struct Expectation {
  std::string_view row;        ///< unique within the experiment
  std::string_view expected;   ///< the value on both media
  std::string_view veth = {};  ///< the value on veth if it differs; empty: it does not
  std::string_view why = {};   ///< the reason for a difference of the media, or the kernel's source
};

struct Experiment {
  std::string_view name;
  std::string_view title;
  std::string_view question;  ///< one or two sentences: what it tries, and how
  std::span<const Expectation> table;
  std::string_view finding;              ///< one sentence: what the expected table means
  std::string_view advice;               ///< what to do in one's own server
  bool slow = false;                     ///< takes a minute or more; --all includes it only with --slow
  std::string_view no_veth = {};         ///< why it does not run over veth; empty: it does
  void (*play)(Stage& stage) = nullptr;  ///< runs it and reports each row to the stage
};

}  // namespace lastbyte::lab
