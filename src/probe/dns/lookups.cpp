#include "probe/dns/lookups.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/overloaded.h"
#include "probe/dns/channel.h"
#include "probe/dns/system.h"
#include "upstream/address_order.h"

namespace lastbyte::probe::dns {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Returns whether the kernel has a route to the address. It connects a UDP socket, which sends nothing (RFC 6724 rule
/// 1).
bool reachable(const net::Address& address) {
  const Descriptor probe(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  net::Address there = address;
  there.set_port(53);
  return probe && ::connect(probe.get(), there.data(), there.size()) == 0;
}

/// A look-up in progress. It answers once: with its result, or at its deadline.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  Lookup(asio::io_context& io, Name name, Lookups::Done done)
      : name_(std::move(name)), done_(std::move(done)), deadline_(io) {}

  void start_deadline() {
    deadline_.expires_after(name_.timeout);
    deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
      const auto self = weak.lock();
      if (!error && self) self->answer(self->partial());
    });
  }

  void ask_system(SystemLookups& system) {
    system.start(name_.host, [self = shared_from_this()](Result<std::vector<net::Address>> found) {
      if (!found)
        return self->answer(
            NotFound{found.error().detail.empty() ? found.error().text() : found.error().detail, false, {}});
      Found out{.addresses = upstream::interleaved(*found, self->name_.family)};
      if (out.addresses.empty()) return self->answer(NotFound{"the name has no address of that family", true, {}});
      self->answer(std::move(out));
    });
  }

  void ask_dns(std::shared_ptr<Channel> channel) {
    channel_ = std::move(channel);
    if (!name_.srv)
      return ask_addresses(name_.host, [self = shared_from_this()](Answer found) { self->answer(std::move(found)); });
    channel_->ask(name_.host, RecordType::srv, [self = shared_from_this()](const Message& message) {
      std::visit(Overloaded{[&](const Records& records) { self->ask_targets(records); },
                            [&](const Negative& negative) { self->answer(not_found(negative, "SRV record")); },
                            [&](const Broken& broken) { self->answer(NotFound{broken.why, false, {}}); }},
                 message);
    });
  }

  /// Ends without an answer. The look-up and its channel stay in memory until the channel has answered all questions.
  void drop() {
    done_ = nullptr;
    deadline_.cancel();
    channel_.reset();
  }

  void answer(Answer answer) {
    if (!done_) return;
    deadline_.cancel();
    std::exchange(done_, nullptr)(std::move(answer));
  }

 private:
  struct Asked {
    std::vector<Message> messages;
    std::size_t missing = 0;
  };

  [[nodiscard]] Answer partial() const {
    // A family that did not answer in time counts as failed.
    if (!name_.srv && asked_ && asked_->missing < asked_->messages.size())
      return combine(asked_->messages, name_.family, reachable);
    return NotFound{"no answer within " + std::to_string(name_.timeout.count()) + " ms", false, {}};
  }

  /// Asks for both families at once.
  void ask_addresses(const std::string& host, const std::function<void(Answer)>& done) {
    const std::vector<RecordType> types = questions(name_.family);
    auto asked = std::make_shared<Asked>();
    asked->messages.assign(types.size(), Broken{"no answer in time"});
    asked->missing = types.size();
    asked_ = asked;
    for (std::size_t index = 0; index < types.size(); ++index) {
      channel_->ask(host, types[index], [self = shared_from_this(), asked, index, done](Message message) {
        asked->messages[index] = std::move(message);
        if (--asked->missing == 0) done(combine(asked->messages, self->name_.family, reachable));
      });
    }
  }

  void ask_targets(const Records& records) {
    found_.ttl = std::chrono::duration_cast<Duration>(records.ttl);
    for (const Target& target : records.targets) found_.services.push_back({target, {}, false});
    missing_ = found_.services.size();
    for (std::size_t index = 0; index < found_.services.size(); ++index) {
      const Target target = found_.services[index].target;
      ask_addresses(target.host, [self = shared_from_this(), index, port = target.port](Answer answer) {
        self->take_target(index, port, std::move(answer));
      });
    }
  }

  void take_target(std::size_t index, std::uint16_t port, Answer answer) {
    if (auto* found = std::get_if<Found>(&answer)) {
      for (net::Address& address : found->addresses) address.set_port(port);
      found_.services[index].addresses = std::move(found->addresses);
      if (found->ttl) found_.ttl = std::min(found_.ttl.value_or(*found->ttl), *found->ttl);
    } else {
      const auto& none = std::get<NotFound>(answer);
      if (none.ttl) found_.ttl = std::min(found_.ttl.value_or(*none.ttl), *none.ttl);
      found_.services[index].failed = !none.definite;
      last_error_ = found_.services[index].target.host + ": " + none.error;
    }
    if (--missing_ > 0) return;
    const auto has_address = [](const Service& each) { return !each.addresses.empty(); };
    if (std::ranges::none_of(found_.services, has_address))
      return this->answer(NotFound{last_error_, false, found_.ttl});
    std::erase_if(found_.services, [&](const Service& each) { return !has_address(each) && !each.failed; });
    this->answer(std::move(found_));
  }

  Name name_;
  Lookups::Done done_;
  asio::steady_timer deadline_;
  std::shared_ptr<Channel> channel_;
  std::shared_ptr<Asked> asked_;  ///< of the name itself, not of SRV targets
  Found found_;                   ///< of an SRV name, as far as known
  std::size_t missing_ = 0;
  std::string last_error_;
};

}  // namespace

class Lookups::Impl {
 public:
  explicit Impl(asio::io_context& io) : io_(io), system_(io) {}
  ~Impl() {
    for (const auto& each : under_way_)
      if (const auto lookup = each.lock()) lookup->drop();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start(const Name& name, Done done) {
    auto lookup = std::make_shared<Lookup>(io_, name, std::move(done));
    if (under_way_.size() >= sweep_at_) {
      std::erase_if(under_way_, [](const std::weak_ptr<Lookup>& each) { return each.expired(); });
      sweep_at_ = 2 * under_way_.size() + 64;
    }
    under_way_.push_back(lookup);
    asio::post(io_, [this, alive = std::weak_ptr(alive_), lookup, name] {
      if (!alive.lock()) return;
      lookup->start_deadline();
      if (name.resolver == upstream::Resolver::system && !name.srv) return lookup->ask_system(system_);
      auto channel = channel_for(name);
      if (!channel) return lookup->answer(NotFound{channel.error().text(), false, {}});
      lookup->ask_dns(std::move(*channel));
    });
  }

 private:
  struct Open {
    std::vector<net::Address> servers;
    Duration timeout;
    std::shared_ptr<Channel> channel;
  };

  /// Returns the channel for all look-ups with the same servers and timeout. If resolv.conf(5) was replaced, it opens a
  /// new one. The old channel still answers its questions and closes with its last look-up.
  Result<std::shared_ptr<Channel>> channel_for(const Name& name) {
    const auto found = std::ranges::find_if(
        open_, [&](const Open& each) { return each.servers == name.servers && each.timeout == name.timeout; });
    if (found != open_.end() && !found->channel->is_outdated()) return found->channel;
    auto channel = Channel::open(io_, name.servers, name.timeout);
    if (!channel) return Failure(channel.error());
    if (found == open_.end()) {
      open_.push_back({name.servers, name.timeout, *channel});
    } else {
      // Not now: this may run in a callback of the old channel.
      asio::post(io_, [old = std::exchange(found->channel, *channel)] {});
    }
    return *channel;
  }

  asio::io_context& io_;
  SystemLookups system_;
  std::vector<Open> open_;
  std::vector<std::weak_ptr<Lookup>> under_way_;  ///< may include ended look-ups
  std::size_t sweep_at_ = 64;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

Lookups::Lookups(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
Lookups::~Lookups() = default;
void Lookups::start(const Name& name, Done done) { impl_->start(name, std::move(done)); }

}  // namespace lastbyte::probe::dns
