#include "sock/talk/report.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lastbyte::sock {
namespace {

std::string flow_line(std::string_view name, const Tally& tally, std::string_view unit) {
  auto line = fmt::format("  {:<9} {} in {}, ", name, counted(tally.bytes, "byte"), counted(tally.calls, unit));
  line += tally.checked ? "xxh64 " + tally.checksum.text() : std::string("not checked");
  if (tally.urgent > 0) line += ", and " + counted(tally.urgent, "urgent byte");
  return line + "\n";
}

std::string tcp_line(const TcpView& tcp) {
  auto line =
      fmt::format("  kernel    {}; acknowledged by the peer {}, by us {}; retransmitted {} in {}; round trip {:.3f} ms",
                  state_name(tcp.state), tcp.bytes_acked, tcp.bytes_received, counted(tcp.bytes_sent_again, "byte"),
                  counted(tcp.segments_sent_again, "segment"), static_cast<double>(tcp.round_trip_us) / 1000);
  if (tcp.syn_carried_data) line += "; the SYN carried data";
  return line + "\n";
}

std::string queue_line(const QueueView& queues) {
  std::string line;
  const auto add = [&](std::string_view name, const std::optional<int>& bytes) {
    if (bytes) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", name, *bytes);
  };
  add("unread", queues.unread);
  add("unacknowledged", queues.unacknowledged);
  add("unsent", queues.unsent);
  return line.empty() ? line : "  queues    " + line + "\n";
}

}  // namespace

std::string_view ending_text(Ending ending) {
  switch (ending) {
    case Ending::none: return "not over";
    case Ending::complete: return "complete both ways";
    case Ending::closed: return "closed here, without the peer's end of file";
    case Ending::peer_eof: return "closed here at the peer's end of file";
    case Ending::receive_limit: return "closed here by --receive-limit";
    case Ending::idle: return "closed here by --timeout";
    case Ending::stopped: return "stopped";
    case Ending::reset: return "reset by the peer";
    case Ending::failed: return "failed";
    case Ending::output_failed: return "standard output failed";
  }
  return {};
}

bool is_failure(Ending ending) {
  switch (ending) {
    case Ending::reset:
    case Ending::failed:
    case Ending::output_failed: return true;
    case Ending::none:
    case Ending::complete:
    case Ending::closed:
    case Ending::peer_eof:
    case Ending::receive_limit:
    case Ending::idle:
    case Ending::stopped: return false;
  }
  return false;
}

std::string report_text(const Report& report) {
  const bool datagrams = report.unit == "datagram";
  auto text = fmt::format("{} <-> {}: {}{}{}{} after {:.3f} s\n", report.local, report.peer, ending_text(report.ending),
                          report.with_reset ? ", with a reset," : "", report.error.empty() ? "" : ", ", report.error,
                          report.lasted.count());
  text += flow_line("sent", report.sent, report.unit);
  text += flow_line("received", report.received, datagrams ? "datagram" : "read");
  if (report.unwritten > 0) text += "  lost      " + counted(report.unwritten, "byte") + " that were not sent\n";
  if (report.tcp) text += tcp_line(*report.tcp);
  return text + queue_line(report.queues);
}

}  // namespace lastbyte::sock
