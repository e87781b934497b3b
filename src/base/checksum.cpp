#include "base/checksum.h"

#include <xxhash.h>

#include <array>
#include <cstdio>
#include <new>

namespace lastbyte {

struct Checksum::State {
  std::unique_ptr<XXH64_state_t, XXH_errorcode (*)(XXH64_state_t*)> hash{XXH64_createState(), &XXH64_freeState};
};

void Checksum::Free::operator()(State* state) const { delete state; }

Checksum::Checksum() : state_(new State) {
  if (!state_->hash) throw std::bad_alloc();
  XXH64_reset(state_->hash.get(), 0);
}

void Checksum::add(std::span<const std::byte> bytes) { XXH64_update(state_->hash.get(), bytes.data(), bytes.size()); }

std::uint64_t Checksum::value() const { return XXH64_digest(state_->hash.get()); }

std::string Checksum::text() const {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value()));
  return text.data();
}

}  // namespace lastbyte
