#include "tests/relay/worker/failing_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace lastbyte::test {
namespace {

thread_local bool watched = false;
std::atomic<std::uint64_t> made{0};
std::atomic<std::uint64_t> fails_at{UINT64_MAX};
std::atomic<Shortage> how{Shortage::once};
std::atomic<bool> failed{false};

bool fails_now() {
  if (!watched) return false;
  const std::uint64_t number = made.fetch_add(1);
  const std::uint64_t at = fails_at.load();
  if (number < at || (number > at && how.load() == Shortage::once)) return false;
  failed = true;
  return true;
}

}  // namespace

void watch_this_thread() { watched = true; }
bool is_watched_thread() { return watched; }

void run_out_of_memory(std::uint64_t number, Shortage shortage) {
  how = shortage;
  failed = false;
  fails_at = UINT64_MAX;
  made = 0;
  fails_at = number;
}

bool plenty() {
  fails_at = UINT64_MAX;
  return failed;
}

}  // namespace lastbyte::test

void* operator new(std::size_t size) {
  if (!lastbyte::test::fails_now())
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

/// As the standard library's, which a sanitizer replaces by its own.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
