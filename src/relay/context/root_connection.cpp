#include "relay/context/root_connection.h"

#include <utility>

namespace lastbyte::relay {

RootConnection::RootConnection(net::RootThread& root, const net::Address& to, const net::SocketOptions& options,
                               std::shared_ptr<loop::Mailbox> mailbox, std::function<void()> arrived)
    : outcome_(std::make_shared<Outcome>(Outcome{std::move(arrived), std::nullopt})) {
  // This runs on the root's thread. A connection that comes too late is closed along with the message.
  const auto done = [outcome = outcome_, mailbox = std::move(mailbox)](Result<Descriptor> result) {
    mailbox->post([outcome, result = std::make_shared<Result<Descriptor>>(std::move(result))] {
      if (!outcome->arrived) return;
      outcome->result = std::move(*result);
      outcome->arrived();
    });
  };
  asked_ = root.connect_later(to, options, done);
}

RootConnection::~RootConnection() { outcome_->arrived = nullptr; }

std::optional<Result<Descriptor>> RootConnection::take() { return std::exchange(outcome_->result, std::nullopt); }

}  // namespace lastbyte::relay
