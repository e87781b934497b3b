#include "lab/report/facts.h"

#include <algorithm>

namespace lastbyte::lab {
namespace {

constexpr Fact kFacts[] = {
    {"Closing",
     "`close()` with unread input sends a reset at once, before it even looks at SO_LINGER, and throws away what is "
     "still in the send queue",
     {{{"close-unread", "close() with unread input: on the wire"},
       {"close-unread", "close() with unread input: the client gets the answer"}}},
     ""},
    {"Closing",
     "`shutdown(SHUT_WR)` before `close()` does not prevent that reset; reading the input does",
     {{{"shutdown-matrix", "close(), input unread, output waits, in ESTABLISHED"},
       {"close-unread", "shutdown(SHUT_RDWR), then close(): on the wire"},
       {"close-unread", "shutdown(SHUT_WR), read to the FIN, close(): the client gets the answer"}}},
     ""},
    {"Closing", "an unread FIN does not count as unread input", {{{"events", "close() with an unread FIN: wire"}}}, ""},
    {"Closing",
     "the kernel answers data that arrives after `close()` with a reset",
     {{{"reset-reasons", "data after close(): wire"}}},
     ""},
    {"Closing",
     "a linger time other than zero makes `close()` block, even on a non-blocking socket",
     {{{"linger-matrix", "SO_LINGER {1,2}, non-blocking, data waits, the peer is gone: close() returns"},
       {"linger-matrix", "SO_LINGER {1,2}, blocking, data waits, the peer is gone: close() returns"}}},
     ""},
    {"Closing",
     "`SO_LINGER {1,0}` and `close()` send a reset and discard everything that is not acknowledged",
     {{{"linger-matrix", "SO_LINGER {1,0}, blocking, data waits, the peer reads: the peer gets"},
       {"reset-reasons", "SO_LINGER {1,0} and close(): wire"}}},
     ""},
    {"Closing",
     "`recv(fd, NULL, n, MSG_TRUNC)` discards TCP input without copying it, and reports endings as `recv` does",
     {{{"events", "1000 bytes and a FIN: recv(NULL, MSG_TRUNC) twice"}}},
     ""},
    {"Closing",
     "SHUT_RD sends nothing and discards nothing; the kernel still queues later input, and it can be read",
     {{{"shutdown-matrix", "shutdown(SHUT_RD), input unread, all sent, in ESTABLISHED"}}},
     ""},
    {"Closing",
     "FIN_WAIT2 has no time limit while the socket is open; `tcp_fin_timeout` applies to closed sockets only",
     {{{"half-open", "FIN_WAIT2 of a socket that is still open, after tcp_fin_timeout"},
       {"half-open", "FIN_WAIT2 of a closed socket, after tcp_fin_timeout"}}},
     ""},
    {"Closing",
     "a read ends at an urgent mark, and a splice stops there for good; once the FIN behind the mark has arrived, "
     "splice returns 0 as at the end",
     {{{"events", "6 bytes, an urgent one, 6 bytes, a FIN: splice(), splice()"},
       {"events", "6 bytes, an urgent one, 6 bytes, a FIN: then recv(), recv() in line"}}},
     ""},
    {"Closing",
     "a lone urgent byte raises EPOLLPRI and not EPOLLIN, unless SO_OOBINLINE is set",
     {{{"events", "a lone urgent byte: edge"}}},
     ""},
    {"Resets and errors",
     "a received reset keeps the receive queue and purges the send queue: `recv` returns the queued bytes, then the "
     "error once, then 0",
     {{{"recv-errors", "60 bytes, then a RST: recv(), recv(), recv()"}}},
     ""},
    {"Resets and errors",
     "the kernel reports the error once, to the first call; after a write took it, `recv` returns the queued bytes and "
     "then **0, which looks like a FIN**",
     {{{"recv-errors", "60 bytes, then a RST: send(), send(), recv(), recv()"},
       {"reset-reasons", "close() with unread input: send(), send(), recv()"}}},
     ""},
    {"Resets and errors",
     "reading SO_ERROR clears the error, too",
     {{{"recv-errors", "60 bytes, then a RST: SO_ERROR, recv(), recv()"}}},
     ""},
    {"Resets and errors",
     "`shutdown()` after a reset fails with ENOTCONN and does not clear the error",
     {{{"events", "a reset: shutdown(), then recv()"}}},
     ""},
    {"Resets and errors",
     "after a FIN and then a reset, `recv` returns the bytes and then always 0; the error is EPIPE, and only a write, "
     "SO_ERROR and EPOLLERR report it",
     {{{"reset-reasons", "data after close(): recv(), recv(), recv()"},
       {"reset-reasons", "data after close(): send(), send(), recv()"}}},
     ""},
    {"Resets and errors",
     "the error of a reset after both FINs is ECONNRESET, and `recv` still returns 0",
     {{{"recv-errors", "60 bytes and a FIN, one's own FIN, then a RST: recv(), recv(), SO_ERROR"}}},
     ""},
    {"Resets and errors",
     "the kernel reports a reset after our FIN alone like any other reset",
     {{{"recv-errors", "one's own FIN, 60 bytes, then a RST: recv(), recv(), recv()"}}},
     ""},
    {"Resets and errors",
     "the kernel accepts a reset only at exactly the next expected sequence number, and otherwise sends a challenge "
     "ACK; lost data that the reset overtook never arrives",
     {{{"blind-reset", "RST, the exact sequence number"}, {"blind-reset", "RST, one byte beyond"}}},
     ""},
    {"Resets and errors",
     "the tracepoint `tcp:tcp_send_reset` has a reason: TCP_ABORT_ON_CLOSE for a close with unread input, TCP_STATE "
     "for SO_LINGER 0, TCP_TIMEWAIT_SOCKET for data after a close; `tcp:tcp_receive_reset` has none",
     {{{"reset-reasons", "close() with unread input: the kernel's reason"},
       {"reset-reasons", "SO_LINGER {1,0} and close(): the kernel's reason"},
       {"reset-reasons", "data after close(), whose FIN was acknowledged before: the kernel's reason"}}},
     ""},
    {"Acknowledgements and events",
     "SIOCOUTQ returns the number of bytes that are not acknowledged; an unacknowledged FIN counts as 1",
     {{{"half-open", "the peer is gone: SIOCOUTQ"}, {"events", "our FIN is not acknowledged: SIOCOUTQ"}}},
     ""},
    {"Acknowledgements and events",
     "SIOCOUTQ stays correct after a reset",
     {{{"events", "1000 bytes, then a reset by the peer: SIOCOUTQ"}}},
     ""},
    {"Acknowledgements and events",
     "the acknowledgement of data raises no epoll edge",
     {{{"events", "data is acknowledged: edge"}}},
     ""},
    {"Acknowledgements and events",
     "the acknowledgement of our FIN raises an edge: without HUP if we ended first, with HUP if the peer ended first "
     "or both FINs crossed",
     {{{"events", "our FIN is acknowledged, we ended first: edge"},
       {"events", "our FIN is acknowledged, the peer ended first: edge"}}},
     ""},
    {"Acknowledgements and events",
     "epoll reports a FIN as IN, OUT, RDHUP, and a reset as IN, OUT, RDHUP, HUP, ERR; once a call has returned the "
     "error, ERR is gone and HUP stays",
     {{{"events", "the peer's FIN: edge"},
       {"events", "a reset: edge"},
       {"events", "a reset: once the error is taken"}}},
     ""},
    {"Acknowledgements and events",
     "an idle socket raises one OUT edge and no more; our own shutdown raises one",
     {{{"events", "an idle socket: edges"}, {"events", "our own shutdown(): edge"}}},
     ""},
    {"Acknowledgements and events",
     "room in a full send queue raises an OUT edge after EAGAIN",
     {{{"events", "the peer reads all of a full queue, after EAGAIN: edge"}}},
     ""},
    {"Acknowledgements and events",
     "epoll reports a refused connection attempt as ERR and HUP, and a connected one as OUT",
     {{{"events", "a connection is refused: edge"}, {"events", "a connection is made: edge"}}},
     ""},
    {"Acknowledgements and events",
     "with TCP_QUICKACK off, the last segment of a handshake waits for the first bytes (200 ms at most), while the "
     "connecting socket is writable already; TCP_QUICKACK on sends it",
     {},
     "shown by tests/net/tcp"},
    {"Peers that vanish",
     "keepalive detects a peer that vanished while idle",
     {{{"half-open", "the peer is gone, keepalive: recv(), recv()"}}},
     ""},
    {"Peers that vanish",
     "TCP_USER_TIMEOUT also aborts a connection whose peer answers every probe and keeps its window closed for longer",
     {{{"reset-reasons", "TCP_USER_TIMEOUT, window 0: the server's SO_ERROR"}}},
     ""},
    {"Ports and TIME_WAIT",
     "a connection enters TIME_WAIT when the peer's FIN arrives in FIN_WAIT2, not at `close()`; SO_LINGER has no "
     "effect afterwards",
     {{{"timewait-where", "the client closes first"},
       {"timewait-where", "the client sets SO_LINGER {1,0} after both FINs"}}},
     ""},
    {"Ports and TIME_WAIT",
     "`tcp_tw_reuse` is 2 by default (loopback only), needs timestamps, and allows reuse after a second; it does not "
     "apply to FIN_WAIT2",
     {{{"timewait-reuse", "tcp_tw_reuse 2, timestamps on: two more, later"},
       {"timewait-reuse", "tcp_tw_reuse 1, timestamps off: two more, later"}}},
     ""},
    {"Ports and TIME_WAIT",
     "IP_BIND_ADDRESS_NO_PORT delays the choice of the port until `connect()`, so that each destination has the whole "
     "range",
     {{{"port-exhaustion", "50 ports, bind() with IP_BIND_ADDRESS_NO_PORT: then to another one"},
       {"port-exhaustion", "50 ports, bind() to the address: then to another one"}}},
     ""},
    {"Ports and TIME_WAIT",
     "a socket that connects to a local port without a listener may connect to itself, if the port lies in "
     "`ip_local_port_range`",
     {{{"events", "connect() to a local-range port without a listener reaches the socket itself"}}},
     ""},
    {"Listening",
     "the kernel gives a SYN to a listener on its exact address before one on the wildcard, whichever listened first",
     {{{"listening", "the exact address listens first, then the wildcard: the client reaches"},
       {"listening", "the wildcard listens first, then the exact address: the client reaches"}}},
     ""},
    {"Listening",
     "a listening socket that is bound to an interface that does not exist (SO_BINDTOIFINDEX) receives no SYN; its "
     "handshakes under way complete, and its queue stays",
     {{{"listening", "bound to no interface (SO_BINDTOIFINDEX): the next client reaches"},
       {"listening", "bound to no interface: a handshake under way, then one byte"}}},
     ""},
    {"Listening",
     "if no other socket listens, the kernel refuses its clients at once",
     {{{"listening", "bound to no interface, and nobody else listens: connect()"}}},
     ""},
    {"Listening",
     "an accepted connection inherits its listener's buffer sizes, and TCP does not adapt a buffer whose size was set "
     "until SO_BUF_LOCK is cleared (Linux 5.15)",
     {{{"listening", "SO_RCVBUF and SO_SNDBUF of the listening socket: the accepted one has"},
       {"listening", "SO_RCVBUF was set: the receive buffer of the accepted one grows"},
       {"listening", "SO_BUF_LOCK was cleared: the receive buffer of the accepted one grows"}}},
     ""},
    {"Listening",
     "SO_REUSEPORT sends a client to the socket at the same position of the group, before and after the group is "
     "replaced by one of the same size",
     {{{"listening", "three sockets share a port: 12 clients connect again to three that replace them"},
       {"datagrams", "three more replace those: the datagrams of each client reach"}}},
     ""},
    {"Datagrams",
     "a connected UDP socket reports an ICMP error; an unconnected one reports it only with IP_RECVERR",
     {{{"datagrams", "connected, no listener: send(), recv(), recv()"},
       {"datagrams", "not connected, no listener: sendto(), SO_ERROR"},
       {"datagrams", "not connected, no listener, IP_RECVERR: sendto(), SO_ERROR"}}},
     ""},
    {"Datagrams",
     "a UDP socket reports its error before the datagrams that arrived earlier, and returns those afterwards",
     {{{"datagrams", "6 bytes come, then an error: recv(), recv(), recv()"}}},
     ""},
    {"Datagrams",
     "a connected UDP socket receives from its peer only, can send to any address, and keeps what it had queued",
     {{{"datagrams", "connected to itself: what came before, what comes later"},
       {"datagrams", "connected to itself: sendto() another, which receives it from"}}},
     ""},
    {"Datagrams",
     "the kernel chooses UDP ports from one pool for all destinations",
     {{{"datagrams", "a port in use towards one destination: bind() it for another"}}},
     ""},
    {"Datagrams",
     "a hash of the addresses chooses among sockets that share a UDP port",
     {{{"datagrams", "three sockets share a port: the datagrams of each of 20 clients reach"}}},
     ""},
    {"Datagrams",
     "sendmmsg(2) does not report the error of any message but the first",
     {{{"datagrams", "sendmmsg() of three, the second too long"}}},
     ""},
    {"Datagrams",
     "over loopback, each small datagram takes about 800 bytes of the receive buffer",
     {{{"datagrams", "one byte waits: memory that it takes of SO_RCVBUF"}}},
     ""},
    {"Sending",
     "Nagle's algorithm in Minshall's form never delays the first small write, only a small one behind another that is "
     "not acknowledged; setting TCP_NODELAY sends at once what was held",
     {{{"events", "two small writes before any acknowledgement: unsent after each"},
       {"events", "two small writes before any acknowledgement: unsent after TCP_NODELAY"}}},
     ""},
    {"Sending",
     "splice moves bulk data for a quarter to a third of the CPU of copying proxies",
     {},
     "a measurement of one machine; docs/benchmarks.md says how to make one"},
    {"Sending",
     "sockmap redirection sends from a work queue, does not carry a FIN, and was no faster here",
     {},
     "a measurement of one machine"},
    {"Sending",
     "io_uring took about 20 % less CPU for a small message than epoll with read and write, and many container "
     "runtimes forbid it",
     {},
     "a measurement of one machine"},
    {"UNIX sockets",
     "after `close()` with unread input the peer reads its data and then gets ECONNRESET; without unread input it "
     "reads its data and then 0",
     {{{"unix-sockets", "close() with unread input: recv(), recv(), recv()"},
       {"unix-sockets", "close() with nothing unread: recv(), recv()"}}},
     ""},
    {"UNIX sockets",
     "epoll reports a half-close as RDHUP and a close as HUP",
     {{{"unix-sockets", "the peer's SHUT_WR: edge"}, {"unix-sockets", "the peer's close(): edge"}}},
     ""},
    {"UNIX sockets",
     "bytes that a send has taken survive the sender's close; SIOCOUTQ counts the memory of bytes that the peer's "
     "program has not read",
     {{{"unix-sockets", "a full queue, and its sender closes with unread input: the peer reads"},
       {"unix-sockets", "SIOCOUTQ of one unread byte"},
       {"unix-sockets", "SIOCOUTQ once it is read"}}},
     ""},
    {"UNIX sockets",
     "SO_LINGER {1,0} has no effect",
     {{{"unix-sockets", "SO_LINGER {1,0} and close(): recv(), recv()"}}},
     ""},
    {"UNIX sockets",
     "the kernel reports a reset before a FIN that has not been read",
     {{{"unix-sockets", "SHUT_WR and close() with unread input: recv(), recv(), recv()"}}},
     ""},
    {"UNIX sockets",
     "a write after a reset fails with EPIPE and leaves the error for a read",
     {{{"unix-sockets", "close() with unread input: send(), then recv(), recv(), recv()"}}},
     ""},
    {"UNIX sockets",
     "a send of several packets, and a splice, do not report an error that occurs after the first packet",
     {{{"unix-sockets", "a send() of several packets into a peer that closes meanwhile"},
       {"unix-sockets", "one packet at a time until EAGAIN: each send()"}}},
     ""},
    {"UNIX sockets",
     "a read ends after bytes that came with descriptors, and joins bytes without descriptors to the ones with "
     "descriptors behind them",
     {{{"unix-sockets", "bytes with a descriptor, then bytes: recvmsg(), recvmsg()"},
       {"unix-sockets", "bytes, then bytes with a descriptor: recvmsg()"}}},
     ""},
    {"UNIX sockets",
     "a peek (MSG_PEEK) into a buffer that ends in unmapped memory stops before the packet that would reach it",
     {{{"unix-sockets",
        "4 bytes, then 4 with a descriptor: MSG_PEEK into 3, 4, 7 and 8 bytes before unmapped memory"}}},
     ""},
    {"UNIX sockets",
     "POLLOUT means that the socket takes a whole packet",
     {{{"unix-sockets", "one packet whenever poll() says POLLOUT: each send()"}}},
     ""},
    {"UNIX sockets",
     "`connect()` to a full backlog fails with EAGAIN, and no event reports that there is room",
     {{{"unix-sockets", "connect() to a full queue"}, {"unix-sockets", "connect() to a full queue: edge"}}},
     ""},
    {"UNIX sockets",
     "an accepted socket does not inherit the send buffer of its listener",
     {{{"unix-sockets", "SO_SNDBUF of a listening socket: the accepted one has"}}},
     ""},
    {"UNIX sockets",
     "`connect()` of a datagram socket to a path fails with EPROTOTYPE if a stream socket is bound there, listening or "
     "not, and with ECONNREFUSED if none is; the owner sees nothing",
     {{{"unix-sockets", "connect() of a datagram socket to a path: bound, listening, without a process"},
       {"unix-sockets", "connect() of a datagram socket to a path: accept() there"}}},
     ""},
    {"UNIX sockets",
     "bind() takes the mode of the file from the descriptor",
     {{{"unix-sockets", "fchmod(0) of the descriptor, then bind(): the mode of the file"}}},
     ""},
    {"UDP sockets",
     "an empty datagram is read as 0 bytes",
     {{{"datagrams", "an empty datagram, then 4 bytes: recv(), recv()"}}},
     ""},
    {"UDP sockets",
     "the kernel reports an ICMP error once, and before datagrams that arrived earlier",
     {{{"datagrams", "6 bytes come, then an error: recv(), recv(), recv()"}}},
     ""},
};

}  // namespace

std::span<const Fact> facts() { return kFacts; }

Verdict verdict_on(const Fact& fact, std::span<const Outcome> outcomes) {
  Verdict verdict = Verdict::same;
  bool any = false;
  for (const Shown& each : fact.shown) {
    if (each.experiment.empty()) continue;
    bool seen = false;
    for (const Outcome& outcome : outcomes) {
      if (outcome.experiment->name != each.experiment) continue;
      const auto row = std::ranges::find(outcome.rows, each.row, &Row::name);
      if (row == outcome.rows.end() || row->verdict == Verdict::not_observed) continue;
      if (row->verdict == Verdict::differs) return Verdict::differs;
      seen = true;
    }
    any = true;
    if (!seen) verdict = Verdict::not_observed;
  }
  return any ? verdict : Verdict::not_observed;
}

std::string facts_text(std::span<const Outcome> outcomes, const std::string& kernel) {
  std::string out = "Facts of docs/kernel-facts.md on Linux " + kernel + "\n";
  std::string_view section;
  std::size_t same = 0;
  std::size_t differ = 0;
  for (const Fact& each : kFacts) {
    if (each.section != section) out += "\n" + std::string(each.section) + "\n";
    section = each.section;
    const Verdict verdict = verdict_on(each, outcomes);
    same += verdict == Verdict::same ? 1U : 0U;
    differ += verdict == Verdict::differs ? 1U : 0U;
    std::string word(verdict == Verdict::same ? "holds" : name_of(verdict));
    word.resize(14, ' ');
    out += "  " + word + std::string(each.text);
    if (!each.elsewhere.empty()) out += " (" + std::string(each.elsewhere) + ")";
    out += "\n";
  }
  return out + "\n" + std::to_string(same) + " facts hold, " + std::to_string(differ) + " differ, " +
         std::to_string(std::size(kFacts) - same - differ) + " not observed here\n";
}

}  // namespace lastbyte::lab
