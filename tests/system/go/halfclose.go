// A client and two servers as Go programs have them: CloseWrite, and a read to the end.
//
//	halfclose client ADDRESS BYTES   sends BYTES, half-closes, reads to the end; prints both counts and sums
//	halfclose upload ADDRESS BYTES   the same as an HTTP upload, by a client to whom failed writes do not matter
//	halfclose echo                   answers with all of the request, once the request has ended
//	halfclose rude                   answers the head of a request with a 413, and closes with the rest unread
//	halfclose curt                   the same with a half-close before it: the answer has a true end
//
// Servers listen on a port of the kernel's choice and print their address.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// answerBytes fit into the receive buffer of a peer that does not read yet.
const answerBytes = 50_000

type counted struct {
	sum   hash.Hash
	bytes int64
}

func newCounted() *counted { return &counted{sum: sha256.New()} }

func (c *counted) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return c.sum.Write(p)
}

func (c *counted) String() string { return fmt.Sprintf("%d %x", c.bytes, c.sum.Sum(nil)) }

func request(bytes int64) io.Reader { return io.LimitReader(rand.New(rand.NewSource(1)), bytes) }

func dial(address string) *net.TCPConn {
	connection, err := net.Dial("tcp", address)
	check(err)
	return connection.(*net.TCPConn)
}

// send returns what was written, and the error that ended it.
func send(connection *net.TCPConn, from io.Reader) (*counted, error) {
	sent := newCounted()
	_, err := io.Copy(connection, io.TeeReader(from, sent))
	if err == nil {
		err = connection.CloseWrite()
	}
	return sent, err
}

func client(address string, bytes int64) {
	connection := dial(address)
	defer connection.Close()
	type outcome struct {
		sent *counted
		err  error
	}
	done := make(chan outcome)
	go func() {
		sent, err := send(connection, request(bytes))
		done <- outcome{sent, err}
	}()
	received := newCounted()
	_, err := io.Copy(received, connection)
	check(err)
	out := <-done
	check(out.err)
	fmt.Printf("sent %v\nreceived %v\n", out.sent, received)
}

func upload(address string, size int64) {
	connection := dial(address)
	defer connection.Close()
	go func() {
		head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = send(connection, io.MultiReader(strings.NewReader(head), request(size)))
	}()
	var answer bytes.Buffer
	_, err := io.Copy(&answer, connection)
	if errors.Is(err, syscall.ECONNRESET) {
		err = nil // its server closed with input unread: that is how it may end, after the whole answer
	}
	check(err)
	status, _, _ := strings.Cut(answer.String(), "\r\n")
	fmt.Printf("%s\n%d\n", status, answer.Len())
}

func serve(one func(*net.TCPConn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	for {
		connection, err := listener.Accept()
		check(err)
		go one(connection.(*net.TCPConn))
	}
}

func echo(connection *net.TCPConn) {
	defer connection.Close()
	whole, err := io.ReadAll(connection)
	if err == nil {
		_, _ = connection.Write(whole)
	}
}

func rude(connection *net.TCPConn) {
	defer connection.Close()
	refuse(connection)
}

func curt(connection *net.TCPConn) {
	defer connection.Close()
	refuse(connection)
	_ = connection.CloseWrite()
}

func refuse(connection *net.TCPConn) {
	head := make([]byte, 0, 4096)
	for !bytes.Contains(head, []byte("\r\n\r\n")) && len(head) < cap(head) {
		n, err := connection.Read(head[len(head):cap(head)])
		if err != nil {
			return
		}
		head = head[:len(head)+n]
	}
	start := fmt.Sprintf("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", answerBytes)
	_, _ = connection.Write(append([]byte(start), bytes.Repeat([]byte("too large\n"), answerBytes/10)...))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	mode := strings.Join(os.Args[1:2], "")
	switch {
	case mode == "echo":
		serve(echo)
	case mode == "rude":
		serve(rude)
	case mode == "curt":
		serve(curt)
	case len(os.Args) == 4 && (mode == "client" || mode == "upload"):
		size, err := strconv.ParseInt(os.Args[3], 10, 64)
		check(err)
		if mode == "client" {
			client(os.Args[2], size)
		} else {
			upload(os.Args[2], size)
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: halfclose client ADDRESS BYTES | upload ADDRESS BYTES | echo | rude | curt")
		os.Exit(2)
	}
}
