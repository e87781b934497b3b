// What an errno on a UDP socket means for its session. Pure.
#pragma once

#include <cerrno>

namespace lastbyte::relay {

/// Whether an errno means that one datagram was not accepted, and says nothing about the next one. That datagram is
/// dropped and counted, as a router does. Any other errno, above all ECONNREFUSED (an ICMP error has arrived), ends the
/// session.
constexpr bool costs_one_datagram(int error) {
  switch (error) {
    case EAGAIN:   // the socket's send buffer is full
    case ENOBUFS:  // the interface's queue is full
    case ENOMEM:
    case EPERM:  // a packet filter refuses it
    case EACCES:
    case EMSGSIZE:  // larger than the path allows; ICMP reports it as this, too (net/ipv4/udp.c __udp4_lib_err)
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

/// Whether such an errno means that there is no route to the upstream from the address that the session's socket is
/// bound to. An error that lasts ends the session, so that the next session may use another source or another address.
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

/// Whether the kernel may have refused only the sending of several datagrams in one call (UDP_SEGMENT): a segment needs
/// fragments, or a device has no checksums (net/ipv4/udp.c udp_send_skb).
constexpr bool refuses_segmentation(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

}  // namespace lastbyte::relay
