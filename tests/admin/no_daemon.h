// A daemon for tests of the administration. It has no sessions, carries out each order at once, and counts them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/terms/operations.h"

namespace lastbyte::admin {

class NoDaemon : public Operations {
 public:
  /// `run` runs work on the caller's thread.
  explicit NoDaemon(std::function<void(std::function<void()>)> run) : run_(std::move(run)) {}
  [[nodiscard]] const std::string& instance() const override { return own; }
  [[nodiscard]] Health health() const override { return {}; }
  [[nodiscard]] observe::Snapshot metrics() const override { return {}; }
  [[nodiscard]] std::uint64_t open_sessions() const override { return 1; }
  [[nodiscard]] std::vector<ForwardingFacts> forwardings() const override {
    ForwardingFacts web;
    web.name = "web";
    return {web};
  }
  [[nodiscard]] std::vector<GroupFacts> groups() const override { return {}; }
  [[nodiscard]] std::string configuration() const override { return "{}\n"; }
  [[nodiscard]] std::string reload_failure() const override { return {}; }
  [[nodiscard]] config::LogLevel log_level() const override { return config::LogLevel::info; }
  void set_log_level(config::LogLevel /*level*/) override { ++changes; }
  [[nodiscard]] std::size_t workers() const override { return 1; }
  void look(std::size_t /*worker*/, std::shared_ptr<const relay::Look> look) override {
    relay::SessionView view;
    view.id = look->id.value_or(1);
    look->visit(std::move(view));
    look->done();
  }
  void end_sessions(std::size_t /*worker*/, std::shared_ptr<const relay::EndOrder> order) override {
    ++changes;
    order->done(1);
  }
  [[nodiscard]] Duration drain_time() const override { return Duration(1); }
  void change_forwarding(const std::string& /*name*/, Change /*change*/,
                         std::function<void(Result<void>)> done) override {
    ++changes;
    done({});
  }
  Result<void> change_member(const std::string& /*group*/, const std::string& /*member*/, Change /*change*/) override {
    ++changes;
    return {};
  }
  void follow_sessions(bool wanted) override { followed = wanted; }
  void take_events(const std::function<void(const relay::SessionEvent&)>& /*session*/,
                   const std::function<void(const Happening&)>& other) override {
    for (const Happening& each : std::exchange(happenings, {})) other(each);
  }
  [[nodiscard]] std::uint64_t events_dropped() const override { return dropped; }
  void on_own_thread(std::function<void()> work) override { run_(std::move(work)); }
  void each_second() override {}

  std::string own = "this run";
  int changes = 0;
  bool followed = false;
  std::uint64_t dropped = 0;
  std::vector<Happening> happenings;  ///< the next result of take_events()

 private:
  std::function<void(std::function<void()>)> run_;
};

}  // namespace lastbyte::admin
