#include "relay/worker/inquiries.h"

#include "base/memory.h"
#include "relay/context/context.h"

namespace lastbyte::relay {
namespace {

constexpr std::size_t kInARound = 128;

}  // namespace

void Inquiries::add(std::shared_ptr<const Look> look) {
  looks_.push_back(std::move(look));
  if (looks_.size() == 1) begin_look();
}

void Inquiries::add(std::shared_ptr<const EndOrder> order) {
  orders_.push_back(std::move(order));
  if (orders_.size() == 1) begin_order();
}

void Inquiries::begin_look() {
  const Look& look = *looks_.front();
  const auto today = std::chrono::system_clock::now();
  host_.context.now = Clock::now();
  look_.begin([this, today](Session& session) {
    const Look& asked = *looks_.front();
    if (asked.id && *asked.id != session.id()) return;
    enough_memory_for([&] { asked.visit(session.view(asked.detail, today)); });
  });
  enough_memory_for([&] { host_.datagrams.view_sessions(look.id, kMostDatagramSessions, today, look.visit); });
}

void Inquiries::begin_order() {
  ended_ = 0;
  ends_datagrams_ = true;
  order_.begin([this](Session& session) {
    const EndOrder& order = *orders_.front();
    if (order.id && *order.id != session.id()) return;
    if (order.forwarding && *order.forwarding != *session.listener().name) return;
    ++ended_;
    host_.attempt(session,
                  [&] { order.within ? session.on_close(host_.context.now + *order.within) : session.on_abort(); });
  });
}

void Inquiries::step() {
  if (!looks_.empty()) {
    look_.step(kInARound);
    if (!look_.under_way()) {
      const auto over = std::move(looks_.front());
      looks_.pop_front();
      over->done();
      if (!looks_.empty()) begin_look();
    }
  }
  if (!orders_.empty()) step_order();
}

void Inquiries::step_order() {
  order_.step(kInARound);
  if (ends_datagrams_) {
    const EndOrder& order = *orders_.front();
    const std::size_t ended = host_.datagrams.end_sessions(order.id, order.forwarding, kInARound);
    ended_ += ended;
    ends_datagrams_ = ended == kInARound;
  }
  if (order_.under_way() || ends_datagrams_) return;
  const auto over = std::move(orders_.front());
  orders_.pop_front();
  over->done(ended_);
  if (!orders_.empty()) begin_order();
}

void Inquiries::leaves(Session& session) {
  look_.leaves(session);
  order_.leaves(session);
}

}  // namespace lastbyte::relay
