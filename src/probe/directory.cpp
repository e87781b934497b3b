#include "probe/directory.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/lockfree/queue.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <future>
#include <new>
#include <system_error>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/descriptor.h"
#include "base/signals.h"
#include "base/text.h"
#include "probe/dns/names.h"
#include "probe/group.h"

namespace lastbyte::probe {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMostObservations = 8'192;

/// Returns what identifies a group across reloads: its name; for a group without a name, its members.
std::string text_of(const upstream::Group& group) {
  if (!group.name.empty()) return group.name;
  std::string text;
  for (const upstream::Member& each : group.members) text += " " + each.endpoint.text();
  return text;
}

}  // namespace

class Directory::Impl {
 public:
  explicit Impl(Callbacks callbacks)
      : callbacks_(std::move(callbacks)),
        names_(io_, {.on_change = [this](const dns::NameState& name) { name_changed(name); },
                     .on_message = callbacks_.on_message}),
        wake_(io_) {}

  ~Impl() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start() {
    Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return failure_from_errno("make the descriptor that wakes the probe thread");
    error_code error;
    wake_.assign(wake.get(), error);
    if (error) return failure("make the descriptor that wakes the probe thread", error.value());
    wake_fd_ = wake.release();
    wait_for_observations();
    try {
      const BlockedSignals blocked;
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& failed) {
      return failure("start the probe thread", failed.code().value());
    }
    return {};
  }

  /// Runs a function on the probe thread and returns its result.
  template <typename Function>
  auto ask(Function function) const {
    // Shared, because the probe thread may still use the task after it has set the result.
    const auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Function>()>>(std::move(function));
    auto answer = task->get_future();
    asio::post(io_, [task] { (*task)(); });
    return answer.get();
  }

  std::vector<Unknown> first_lookups(const Groups& groups, TimePoint deadline) {
    const auto all_answered = std::make_shared<std::promise<void>>();
    const auto pending = std::make_shared<Pending>(io_, [all_answered] { all_answered->set_value(); });
    asio::post(io_, [&] {
      staged_.clear();
      pending->timer.expires_at(deadline);
      pending->timer.async_wait([pending](const error_code&) { pending->end(); });
      for_each_name(groups, [&](std::size_t, std::size_t, const dns::NameKey& key) {
        staged_.push_back(names_.get(key));
        ++pending->missing;
        names_.when_answered(key, [pending] { pending->answered(); });
      });
      pending->answered();
    });
    all_answered->get_future().wait();
    return ask([&] { return unknown(groups); });
  }

  void await_first_checks(TimePoint deadline) {
    const auto all_checked = std::make_shared<std::promise<void>>();
    const auto pending = std::make_shared<Pending>(io_, [all_checked] { all_checked->set_value(); });
    asio::post(io_, [this, pending, deadline] {
      pending->timer.expires_at(deadline);
      pending->timer.async_wait([pending](const error_code&) { pending->end(); });
      awaits_checks_ = pending;
      look_for_first_checks();
    });
    all_checked->get_future().wait();
  }

  std::vector<SharedSnapshot> apply(const Groups& groups) {
    return ask([&] {
      std::unordered_map<std::string, std::shared_ptr<Group>> before = std::exchange(by_text_, {});
      groups_.clear();
      for (const auto& each : groups) {
        // Distinguish identical groups without names by their number.
        std::string text = text_of(*each.settings);
        while (by_text_.contains(text)) text += '\n';
        const auto known = before.find(text);
        auto group = known != before.end() ? known->second : std::make_shared<Group>(context(), ++last_id_);
        group->apply(each);
        by_text_.emplace(std::move(text), group);
        groups_.push_back(std::move(group));
      }
      staged_.clear();
      before.clear();
      names_.forget();
      return current();
    });
  }

  [[nodiscard]] std::vector<SharedSnapshot> snapshots() const {
    return ask([&] { return current(); });
  }

  [[nodiscard]] std::vector<GroupStatus> status() const {
    return ask([&] {
      std::vector<GroupStatus> all;
      for (const auto& each : groups_) all.push_back(each->status());
      return all;
    });
  }

  [[nodiscard]] Counters counters() const {
    return ask([&] { return counted(); });
  }

  [[nodiscard]] Tally tally() {
    return ask([this] { return Tally{counted(), tallies_.counts(), names_.each()}; });
  }

  Result<void> act(std::string_view group, std::string_view member, Action action) {
    return ask([&]() -> Result<void> {
      for (const auto& each : groups_) {
        if (each->name() != group) continue;
        const auto found = each->find(member);
        if (!found) continue;
        found->act(action);
        return {};
      }
      return failure("member '" + printable(member) + "' of group '" + printable(group) + "'", 0,
                     "there is no such member");
    });
  }

  bool observe(const upstream::Observation& observation) noexcept {
    if (!observations_.bounded_push(observation)) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (!woken_.exchange(true, std::memory_order_acq_rel)) {
      const std::uint64_t one = 1;
      // A full counter wakes the thread as well.
      [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
    }
    return true;
  }

 private:
  /// Waits for several answers or for a deadline.
  struct Pending {
    Pending(asio::io_context& io, std::function<void()> done) : timer(io), done_(std::move(done)) {}

    void answered() {
      if (--missing == 0) end();
    }
    void end() {
      timer.cancel();
      if (done_) std::exchange(done_, nullptr)();
    }

    std::size_t missing = 1;  ///< one stands for the caller, until it has counted all names
    asio::steady_timer timer;

   private:
    std::function<void()> done_;
  };

  template <typename Take>
  static void for_each_name(const Groups& groups, Take take) {
    for (std::size_t group = 0; group < groups.size(); ++group)
      for (std::size_t member = 0; member < groups[group].settings->members.size(); ++member)
        if (const auto name = name_of(groups[group].settings->members[member], *groups[group].settings))
          take(group, member, *name);
  }

  std::vector<Unknown> unknown(const Groups& groups) {
    std::vector<Unknown> all;
    for_each_name(groups, [&](std::size_t group, std::size_t member, const dns::NameKey& key) {
      const dns::SharedName name = names_.get(key);
      if (!name->addresses.empty() || !name->services.empty()) return;
      all.push_back(
          {group, member,
           Error{"look up '" + printable(key.host) + "'", 0, name->error.empty() ? "no answer in time" : name->error}});
    });
    return all;
  }

  [[nodiscard]] Counters counted() const {
    Counters now = counters_;
    now.lookups = names_.counts().lookups;
    now.lookups_failed = names_.counts().failed;
    now.observations_dropped = dropped_.load(std::memory_order_relaxed);
    return now;
  }

  [[nodiscard]] std::vector<SharedSnapshot> current() const {
    std::vector<SharedSnapshot> all;
    for (const auto& each : groups_) all.push_back(each->snapshot());
    return all;
  }

  GroupContext context() {
    return {.io = io_,
            .counters = counters_,
            .tallies = tallies_,
            .names = names_,
            .on_snapshot =
                [this](SharedSnapshot snapshot) {
                  callbacks_.on_snapshot(std::move(snapshot));
                  look_for_first_checks();
                },
            .on_message = callbacks_.on_message,
            .on_member = callbacks_.on_member};
  }

  void look_for_first_checks() {
    const auto is_starting = [](const upstream::SnapshotMember& each) {
      return each.state == upstream::State::starting;
    };
    const auto starts = [&](const std::shared_ptr<Group>& each) {
      return std::ranges::any_of(each->snapshot()->members, is_starting);
    };
    if (awaits_checks_ && std::ranges::none_of(groups_, starts)) std::exchange(awaits_checks_, nullptr)->end();
  }

  void name_changed(const dns::NameState& name) {
    for (const auto& each : groups_) each->name_changed(name);
  }

  void wait_for_observations() {
    wake_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return;
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_fd_, &count, sizeof count);
      // Clear the flag before the queue is read: an observation that comes later then wakes the thread again.
      woken_.store(false, std::memory_order_seq_cst);
      take_observations();
      wait_for_observations();
    });
  }

  void take_observations() {
    upstream::Observation each;
    while (observations_.pop(each)) {
      ++counters_.observations;
      const auto group = std::ranges::find(groups_, each.group, [](const auto& candidate) { return candidate->id(); });
      if (group == groups_.end())
        ++counters_.observations_late;
      else
        (*group)->observe(each);
    }
  }

  /// Lack of memory ends only the current operation.
  void run() {
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (const std::bad_alloc&) {
        ++counters_.out_of_memory;
      }
    }
  }

  Callbacks callbacks_;
  mutable asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  Counters counters_;
  Tallies tallies_;
  dns::NameTable names_;
  std::vector<std::shared_ptr<Group>> groups_;  ///< in the order of the last apply()
  std::unordered_map<std::string, std::shared_ptr<Group>> by_text_;
  std::vector<dns::SharedName> staged_;     ///< looked up for the next apply()
  std::shared_ptr<Pending> awaits_checks_;  ///< set while await_first_checks() waits
  std::uint64_t last_id_ = 0;
  boost::lockfree::queue<upstream::Observation, boost::lockfree::capacity<kMostObservations>> observations_;
  std::atomic<bool> woken_{false};
  std::atomic<std::uint64_t> dropped_{0};
  asio::posix::stream_descriptor wake_;
  int wake_fd_ = -1;  ///< the descriptor of wake_
  std::thread thread_;
};

Directory::Directory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Directory::~Directory() = default;

Result<std::unique_ptr<Directory>> Directory::start(Callbacks callbacks) {
  std::unique_ptr<Impl> impl;
  try {
    impl = std::make_unique<Impl>(std::move(callbacks));
  } catch (const boost::system::system_error& error) {
    return failure("start the probe thread", error.code().value());
  }
  if (auto started = impl->start(); !started) return Failure(started.error());
  return std::unique_ptr<Directory>(new Directory(std::move(impl)));
}

std::vector<Unknown> Directory::first_lookups(const Groups& groups, TimePoint deadline) {
  return impl_->first_lookups(groups, deadline);
}
void Directory::await_first_checks(TimePoint deadline) { impl_->await_first_checks(deadline); }
std::vector<SharedSnapshot> Directory::apply(const Groups& groups) { return impl_->apply(groups); }
Result<void> Directory::on_thread(const std::function<Result<void>()>& function) { return impl_->ask(function); }
std::vector<SharedSnapshot> Directory::snapshots() const { return impl_->snapshots(); }
std::vector<GroupStatus> Directory::status() const { return impl_->status(); }
Counters Directory::counters() const { return impl_->counters(); }
Tally Directory::tally() const { return impl_->tally(); }
Result<void> Directory::act(std::string_view group, std::string_view member, Action action) {
  return impl_->act(group, member, action);
}
bool Directory::observe(const upstream::Observation& observation) noexcept { return impl_->observe(observation); }

}  // namespace lastbyte::probe
