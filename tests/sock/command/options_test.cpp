#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <set>

#include "sock/command/option_table.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {
namespace {

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) out.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

Result<Options> parsed(std::string_view line) { return parse(words(line)); }

struct Right {
  const char* line;
  std::function<bool(const Options&)> holds;
};

class RightLine : public testing::TestWithParam<Right> {};

TEST_P(RightLine, means_what_it_says) {
  const auto options = parsed(GetParam().line);
  ASSERT_TRUE(options) << GetParam().line << ": " << options.error().text();
  EXPECT_TRUE(GetParam().holds(*options)) << GetParam().line;
}

using O = const Options&;

INSTANTIATE_TEST_SUITE_P(
    Netcat, RightLine,
    testing::Values(
        Right{"host 80", [](O o) { return o.role == Role::client && o.host == "host" && o.service == "80"; }},
        Right{"host 80", [](O o) { return o.at_eof == AtEof::keep && o.at_peer_eof == AtPeerEof::go_on; }},
        Right{"-N host 80", [](O o) { return o.at_eof == AtEof::fin; }},
        Right{"host 80 -N", [](O o) { return o.at_eof == AtEof::fin; }},
        Right{"-l 80", [](O o) { return o.role == Role::server && o.host.empty() && o.service == "80"; }},
        Right{"-l 80", [](O o) { return o.reuse_address && o.at_peer_eof == AtPeerEof::close; }},
        Right{"-l 127.0.0.1 80", [](O o) { return o.host == "127.0.0.1" && o.service == "80"; }},
        Right{"-l -p 80", [](O o) { return o.host.empty() && o.service == "80"; }},
        Right{"-l -p 80 127.0.0.1", [](O o) { return o.host == "127.0.0.1" && o.service == "80"; }},
        Right{"-klvN 80", [](O o) { return o.keep_open && o.role == Role::server && o.verbose; }},
        Right{"-lk 80", [](O o) { return o.concurrent == 1; }},
        Right{"-p 99 host 80", [](O o) { return o.local_service == "99" && o.service == "80"; }},
        Right{"-U /run/x", [](O o) { return o.transport == Transport::unix_stream && o.path == "/run/x"; }},
        Right{"-lU @x", [](O o) { return o.role == Role::server && o.path == "@x"; }},
        Right{"-u host 80", [](O o) { return o.transport == Transport::udp; }},
        Right{"-w 3 host 80", [](O o) { return o.timeout == Duration(3000); }},
        Right{"-w3 host 80", [](O o) { return o.timeout == Duration(3000); }},
        Right{"-z host 20-25", [](O o) { return o.role == Role::scan && o.service == "20-25"; }},
        Right{"-zvn 127.0.0.1 80", [](O o) { return o.role == Role::scan && o.verbose && o.numeric; }},
        Right{"-q 2 host 80", [](O o) { return o.quit_after == Duration(2000) && o.at_eof == AtEof::fin; }},
        Right{"-i 1 host 80", [](O o) { return o.delays.write == Duration(1000); }},
        Right{"-I 4096 -O 8k host 80", [](O o) { return o.receive_buffer == 4096 && o.send_buffer == 8192; }},
        Right{"-dC host 80", [](O o) { return !o.read_input && o.crlf; }},
        Right{"-W 4 host 80", [](O o) { return o.receive_limit == 4U; }},
        Right{"-6 host 80", [](O o) { return o.family == Family::v6; }},
        Right{"host http", [](O o) { return o.service == "http"; }}));

INSTANTIATE_TEST_SUITE_P(
    Stevens, RightLine,
    testing::Values(
        Right{"-s 80", [](O o) { return o.role == Role::server && !o.reuse_address && o.backlog == 128; }},
        Right{"-s 80", [](O o) { return o.at_peer_eof == AtPeerEof::go_on; }},
        Right{"-s 127.0.0.1:80", [](O o) { return o.host == "127.0.0.1" && o.service == "80"; }},
        Right{"-s -b 127.0.0.1:80", [](O o) { return o.host == "127.0.0.1" && o.service == "80"; }},
        Right{"[::1]:80", [](O o) { return o.host == "::1" && o.service == "80"; }},
        Right{"-sAP 80", [](O o) { return o.reuse_address && o.reuse_port; }},
        Right{"-L 0 host 80", [](O o) { return o.linger == Linger{true, std::chrono::seconds(0)}; }},
        Right{"-L off host 80", [](O o) { return o.linger == Linger{false, std::chrono::seconds(0)}; }},
        Right{"-b 127.0.0.2 host 80", [](O o) { return o.local_host == "127.0.0.2" && o.local_service.empty(); }},
        Right{"-b 46210 10.0.0.17 80",
              [](O o) { return o.local_host.empty() && o.local_service == "46210" && o.host == "10.0.0.17"; }},
        Right{"-v -b46210 svr4 discard", [](O o) { return o.local_service == "46210" && o.service == "discard"; }},
        Right{"-b 10.0.0.1.46210 host 80",
              [](O o) { return o.local_host == "10.0.0.1" && o.local_service == "46210"; }},
        Right{"-b 10.0.0.1 -p 5 host 80", [](O o) { return o.local_host == "10.0.0.1" && o.local_service == "5"; }},
        Right{"-b ::1 ::1 80", [](O o) { return o.local_host == "::1" && o.local_service.empty(); }},
        Right{"-s -b 46210", [](O o) { return o.host.empty() && o.service == "46210"; }},
        Right{"-U -b 7 /run/x", [](O o) { return o.local_host == "7" && o.local_service.empty(); }},
        Right{"-U -b a:7 /run/x", [](O o) { return o.local_host == "a:7"; }},
        Right{"127.1 80", [](O o) { return o.host == "127.1"; }},
        Right{"--ttl 1 --min-ttl 255 --tos 0xb8 host 80",
              [](O o) { return o.ttl == 1 && o.min_ttl == 255 && o.tos == 0xb8; }},
        Right{"-u --broadcast --dont-route --tos 16 host 80",
              [](O o) { return o.broadcast && o.dont_route && o.tos == 16; }},
        Right{"-b :99 host 80", [](O o) { return o.local_host.empty() && o.local_service == "99"; }},
        Right{"-b 127.0.0.2:99 host 80", [](O o) { return o.local_host == "127.0.0.2" && o.local_service == "99"; }},
        Right{"-R host 80", [](O o) { return o.reset && o.at_eof == AtEof::keep; }},
        Right{"--at-eof=reset host 80", [](O o) { return o.reset && o.at_eof == AtEof::reset; }},
        Right{"--no-read host 80", [](O o) { return !o.read_peer; }},
        Right{"--mss 536 --nodelay host 80", [](O o) { return o.max_segment == 536 && o.nodelay; }},
        Right{"--keepalive host 80", [](O o) { return o.keepalive == net::Keepalive{}; }},
        Right{"--keepalive=5 host 80", [](O o) { return o.keepalive->idle == std::chrono::seconds(5); }},
        Right{"--user-timeout 9s host 80", [](O o) { return o.user_timeout == Duration(9000); }},
        Right{"--fast-open host 80", [](O o) { return o.fast_open == 16; }},
        Right{"-s --fast-open=4 80", [](O o) { return o.fast_open == 4; }},
        Right{"--urgent 3 host 80", [](O o) { return o.urgent == 3U; }},
        Right{"--netns blue host 80", [](O o) { return o.network_namespace == "blue"; }},
        Right{"-s --backlog 1 80", [](O o) { return o.backlog == 1; }},
        Right{"--delay-read 1 --delay-start 2 --delay-close 3 host 80",
              [](O o) {
                return o.delays == Delays{Duration(2000), Duration(1000), Duration(0), Duration(3000), Duration(0)};
              }},
        Right{"-v host 80", [](O o) { return o.verbose && o.report; }},
        Right{"--report host 80", [](O o) { return !o.verbose && o.report; }}));

INSTANTIATE_TEST_SUITE_P(
    Modes, RightLine,
    testing::Values(
        Right{"-m source host 80", [](O o) { return o.mode == Mode::source && o.at_eof == AtEof::fin; }},
        Right{"-m source -c 3 --write-size 10 host 80", [](O o) { return o.count == 3U && o.write_size == 10; }},
        Right{"-s -m echo 80", [](O o) { return o.mode == Mode::echo && o.at_eof == AtEof::close; }},
        Right{"-l -m echo 80", [](O o) { return o.at_peer_eof == AtPeerEof::go_on; }},
        Right{"-s -m sink 80", [](O o) { return o.at_eof == AtEof::close; }},
        Right{"-s -m discard --at-eof=fin 80", [](O o) { return o.at_eof == AtEof::fin; }},
        Right{"-s -m http 80", [](O o) { return o.at_eof == AtEof::fin; }},
        Right{"-m http --bytes 1M host 80", [](O o) { return o.at_eof == AtEof::keep && o.bytes == 1U << 20U; }},
        Right{"-u -m source host 80", [](O o) { return o.at_eof == AtEof::close && o.write_size == 1024; }},
        Right{"-s -m echo --concurrent 5 80", [](O o) { return o.keep_open && o.concurrent == 5; }},
        Right{"-s -d --concurrent 5 80", [](O o) { return o.mode == Mode::relay && o.concurrent == 5; }}));

struct Wrong {
  const char* line;
  const char* says;  ///< part of the error's text
};

class WrongLine : public testing::TestWithParam<Wrong> {};

TEST_P(WrongLine, is_refused_with_a_reason) {
  const auto options = parsed(GetParam().line);
  ASSERT_FALSE(options) << GetParam().line;
  EXPECT_NE(options.error().text().find(GetParam().says), std::string::npos)
      << GetParam().line << ": " << options.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, WrongLine,
    testing::Values(Wrong{"", "expected HOST PORT"}, Wrong{"host", "expected HOST PORT"},
                    Wrong{"-s", "expected [HOST] PORT"}, Wrong{"host 80 90", "'90'"},
                    Wrong{"-Y host 80", "-Y: no such option"}, Wrong{"--frob host 80", "--frob: no such option"},
                    Wrong{"--de 1 host 80", "--de: no such option, or an ambiguous abbreviation"},
                    Wrong{"host 80 -w", "-w, --timeout: a value is missing"},
                    Wrong{"host 80 --mode", "-m, --mode: a value is missing"},
                    Wrong{"--udp=yes host 80", "-u, --udp: it takes no value"},
                    Wrong{"-w soon host 80", "-w, --timeout 'soon': not a duration"},
                    Wrong{"-m frob host 80", "expected one of relay, echo, source, sink, discard, http"},
                    Wrong{"--at-eof=later host 80", "expected one of keep, fin, close, reset"},
                    Wrong{"--read-size 0 host 80", "expected from 1"}, Wrong{"host 70000", "'70000'"},
                    Wrong{"host 0", "expected a port from 1"}, Wrong{"host 20-25", "only -z takes a range"},
                    Wrong{"-n host http", "because of -n"}, Wrong{"-U", "expected one operand"},
                    Wrong{"-U a b", "expected one operand"}, Wrong{"-l -p 80 127.0.0.1 81", "the port is given twice"},
                    Wrong{"-b 46210 -p 46211 host 80", "the port is given twice"},
                    Wrong{"--bind= host 80", "-b, --bind"}, Wrong{"-b 70000 host 80", "'70000'"},
                    Wrong{"-b 10.0.0.1.70000 host 80", "'70000'"},
                    Wrong{"-b 10.0.0.x:y:z:1 host 80", "expected a name"},
                    Wrong{"-b 999.1.1.1 host 80", "'999.1.1.1': expected a name, or an IPv4 address"},
                    Wrong{"300.1.1.1 80", "'300.1.1.1': expected a name, or an IPv4 address"},
                    Wrong{"127.0.0.1:80 90", "give the port as a separate argument"},
                    Wrong{"-4 ::1 80", "because of -4"}, Wrong{"-6 127.0.0.1 80", "because of -6"},
                    Wrong{"-n localhost 80", "because of -n"}, Wrong{"-b ::1 127.0.0.1 80", "of the same family"},
                    Wrong{"--mss 87 host 80", "from 88 to 32767"}, Wrong{"--ttl 0 host 80", "from 1 to 255"},
                    Wrong{"--tos 0x host 80", "a byte"}, Wrong{"--tos 256 host 80", "a byte"},
                    Wrong{"--tos ef host 80", "a byte"}, Wrong{"--broadcast host 80", "it is for -u"},
                    Wrong{"-U --ttl 3 /run/x", "are for TCP and UDP"}));

INSTANTIATE_TEST_SUITE_P(
    Contradiction, WrongLine,
    testing::Values(Wrong{"-z -l 80", "a scan connects"}, Wrong{"-k host 80", "add -s or -l"},
                    Wrong{"--delay-accept 1 host 80", "add -s or -l"}, Wrong{"-s -b 127.0.0.1 80", "given twice"},
                    Wrong{"-s --concurrent 2 80", "standard input cannot go to several"},
                    Wrong{"-u -s -m http 80", "it needs a stream"}, Wrong{"-u -R host 80", "no reset"},
                    Wrong{"-u -L 0 host 80", "no connection"}, Wrong{"-u --write-size 65508 host 80", "65507"},
                    Wrong{"-c 3 host 80", "--mode=source"}, Wrong{"-m source -c 3 --bytes 3 host 80", "one of the two"},
                    Wrong{"--bytes 3 host 80", "--mode=source and --mode=http"},
                    Wrong{"--early host 80", "a server with --mode=http"},
                    Wrong{"-m echo --no-read host 80", "answers"}, Wrong{"-m sink -C host 80", "--mode=relay"},
                    Wrong{"-U --nodelay x", "are for TCP"}, Wrong{"-u --fast-open host 80", "are for TCP"},
                    Wrong{"-U -4 x", "for TCP and UDP"}, Wrong{"-U -u x", "not supported"},
                    Wrong{"-U -z x", "only ports"}, Wrong{"-z --fast-open host 80", "a scan sends nothing"}));

TEST(WrongPath, longer_than_the_kernel_takes_is_refused) {
  EXPECT_TRUE(parsed("-U " + std::string(107, 'x')));
  EXPECT_FALSE(parsed("-U " + std::string(108, 'x')));
}

TEST(Help, needs_nothing_else) {
  const auto options = parsed("--help");
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->help);
}

TEST(Help, names_every_option) {
  const auto page = usage();
  for (const auto& row : option_table()) {
    EXPECT_NE(page.find(std::string("--") + row.name), std::string::npos) << row.name;
  }
}

TEST(Table, no_letter_or_name_is_taken_twice) {
  std::set<char> letters;
  std::set<std::string> names;
  for (const auto& row : option_table()) {
    EXPECT_TRUE(row.letter == 0 || letters.insert(row.letter).second) << row.letter;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
}

TEST(Parser, any_words_at_all_are_answered_without_a_crash) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& any) { (void)parse(any); }));
}

TEST(Parser, options_may_stand_in_any_order) {
  EXPECT_TRUE(rc::check([] {
    auto line = *rc::gen::just(std::vector<std::string>{"-N", "-v", "-w3", "--nodelay", "--at-peer-eof=close"});
    for (std::size_t at = line.size(); at > 1; --at) {
      std::swap(line[at - 1], line[*rc::gen::inRange<std::size_t>(0, at)]);
    }
    line.insert(line.begin() + *rc::gen::inRange(0, 6), {"host", "80"});
    const auto options = parse(line);
    RC_ASSERT(options.has_value());
    RC_ASSERT(options->at_eof == AtEof::fin && options->timeout == Duration(3000) && options->nodelay);
    RC_ASSERT(options->at_peer_eof == AtPeerEof::close && options->verbose && options->service == "80");
  }));
}

}  // namespace
}  // namespace lastbyte::sock
