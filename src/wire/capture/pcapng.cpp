#include "wire/capture/pcapng.h"

#include <cstdint>
#include <utility>

namespace lastbyte::wire {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;
constexpr std::uint16_t kLinkEthernet = 1;  // LINKTYPE_ETHERNET
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kResolution = 9;

/// A block of the file. Its size is a multiple of four bytes, and it begins and ends with its length. Numbers are in
/// this machine's byte order, which the section header declares.
class Block {
 public:
  explicit Block(std::uint32_t type) {
    number(type);
    number(std::uint32_t{0});
  }

  template <typename Number>
  void number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view data) {
    bytes_.append(data);
    bytes_.resize((bytes_.size() + 3) / 4 * 4, '\0');
  }
  void option(std::uint16_t code, std::string_view value) {
    if (value.empty()) return;
    number(code);
    number(static_cast<std::uint16_t>(value.size()));
    text(value);
    has_options_ = true;
  }
  std::string finished() {
    if (has_options_) number(std::uint32_t{0});  // opt_endofopt
    const auto length = static_cast<std::uint32_t>(bytes_.size() + sizeof(std::uint32_t));
    bytes_.replace(sizeof(std::uint32_t), sizeof length, reinterpret_cast<const char*>(&length), sizeof length);
    number(length);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  bool has_options_ = false;
};

std::string section(std::string_view about) {
  Block block(kSectionHeader);
  block.number(kByteOrder);
  block.number(std::uint16_t{1});
  block.number(std::uint16_t{0});
  block.number(std::int64_t{-1});  // the section's length is not given
  block.option(kComment, about);
  return block.finished();
}

std::string interface_block(std::string_view name) {
  Block block(kInterfaceDescription);
  block.number(kLinkEthernet);
  block.number(std::uint16_t{0});
  block.number(std::uint32_t{0});  // packets are never cut
  block.option(kInterfaceName, name);
  block.option(kResolution, "\x09");  // nanoseconds
  return block.finished();
}

std::string packet_block(const Commented& each) {
  const auto time = static_cast<std::uint64_t>(each.packet.at.time_since_epoch().count());
  const auto size = static_cast<std::uint32_t>(each.packet.bytes.size());
  Block block(kEnhancedPacket);
  block.number(std::uint32_t{0});
  block.number(static_cast<std::uint32_t>(time >> 32));
  block.number(static_cast<std::uint32_t>(time));
  block.number(size);
  block.number(size);
  block.text({reinterpret_cast<const char*>(each.packet.bytes.data()), size});
  block.option(kComment, each.comment);
  return block.finished();
}

}  // namespace

std::string pcapng(std::string_view interface, std::string_view about, std::span<const Commented> packets) {
  std::string file = section(about) + interface_block(interface);
  for (const Commented& each : packets) file += packet_block(each);
  return file;
}

}  // namespace lastbyte::wire
