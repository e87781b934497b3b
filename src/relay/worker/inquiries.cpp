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
  const auto wanted = [this](std::uint64_t id) {
    const Look& asked = *looks_.front();
    return id > asked.after && (!asked.id || *asked.id == id);
  };
  look_.begin([this, wanted](Session& session) {
    const Look& asked = *looks_.front();
    if (wanted(session.id())) enough_memory_for([&] { asked.visit(session.view(asked.detail, today_)); });
  });
  look_at_datagrams_.begin([this, wanted](DatagramSession& session) {
    if (wanted(session.id)) enough_memory_for([&] { looks_.front()->visit(host_.datagrams.view(session, today_)); });
  });
}

void Inquiries::begin_order() {
  ended_ = 0;
  const auto is_meant = [this](std::uint64_t id, const std::string& forwarding) {
    const EndOrder& order = *orders_.front();
    return (!order.id || *order.id == id) && (!order.forwarding || *order.forwarding == forwarding);
  };
  order_.begin([this, is_meant](Session& session) {
    if (!is_meant(session.id(), *session.listener().name)) return;
    const EndOrder& order = *orders_.front();
    ++ended_;
    host_.attempt(session,
                  [&] { order.within ? session.on_close(host_.context.now + *order.within) : session.on_abort(); });
  });
  order_to_datagrams_.begin([this, is_meant](DatagramSession& session) {
    if (!is_meant(session.id, *session.at.port->state->name)) return;
    ++ended_;
    host_.datagrams.end(session);
  });
}

void Inquiries::step() {
  if (!looks_.empty()) step_look();
  if (!orders_.empty()) step_order();
}

void Inquiries::step_look() {
  today_ = std::chrono::system_clock::now();
  look_.under_way() ? look_.step(kInARound) : look_at_datagrams_.step(kInARound);
  if (look_.under_way() || look_at_datagrams_.under_way()) return;
  const auto over = std::move(looks_.front());
  looks_.pop_front();
  over->done();
  if (!looks_.empty()) begin_look();
}

void Inquiries::step_order() {
  order_.under_way() ? order_.step(kInARound) : order_to_datagrams_.step(kInARound);
  if (order_.under_way() || order_to_datagrams_.under_way()) return;
  const auto over = std::move(orders_.front());
  orders_.pop_front();
  over->done(ended_);
  if (!orders_.empty()) begin_order();
}

void Inquiries::leaves(Session& session) {
  look_.leaves(session);
  order_.leaves(session);
}

void Inquiries::leaves(DatagramSession& session) {
  look_at_datagrams_.leaves(session);
  order_to_datagrams_.leaves(session);
}

}  // namespace lastbyte::relay
