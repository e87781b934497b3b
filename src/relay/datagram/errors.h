// The meaning of an errno on a UDP socket for a session. Pure.
#pragma once

#include <cerrno>

namespace lastbyte::relay {

/// Whether an errno says that one datagram was not taken, and nothing about the next: the datagram is dropped and
/// counted, as a router does. Everything else, above all ECONNREFUSED (an ICMP error has come), ends the session.
constexpr bool costs_one_datagram(int error) {
  switch (error) {
    case EAGAIN:   // the socket's send buffer is full
    case ENOBUFS:  // the interface's queue is
    case ENOMEM:
    case EPERM:  // a packet filter refuses it
    case EACCES:
    case EMSGSIZE:  // larger than the way allows; also how ICMP tells of that (net/ipv4/udp.c __udp4_lib_err)
    case EINVAL:
    case ENETUNREACH:  // no route, for now: see has_no_way()
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:  // the address that the client wrote to has gone
    case EIO: return true;
    default: return false;
  }
}

/// Whether such an errno says that there is no way to the upstream from where the session's socket is bound. One that
/// lasts ends the session, so that the next one may begin from another source or with another address.
constexpr bool has_no_way(int error) {
  switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EACCES:               // a route that prohibits
    case EINVAL: return true;  // the source address has gone (net/ipv4/route.c ip_route_output_key_hash_rcu)
    default: return false;
  }
}

/// Whether the kernel may have refused not the datagrams but that they came several in one call (UDP_SEGMENT): a
/// segment that needs fragments, or a device without checksums (net/ipv4/udp.c udp_send_skb).
constexpr bool refuses_segmentation(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

}  // namespace lastbyte::relay
