// A client in the manner of Go programs: one goroutine writes and calls CloseWrite, the other reads to the end.
//
// usage: close_write ADDRESS BYTES
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
)

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	sent := make([]byte, count)
	for i := range sent {
		sent[i] = byte(i * 31 >> 3)
	}
	connection, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	tcp := connection.(*net.TCPConn)
	go func() {
		if _, err := tcp.Write(sent); err != nil {
			log.Fatal(err)
		}
		if err := tcp.CloseWrite(); err != nil {
			log.Fatal(err)
		}
	}()
	received, err := io.ReadAll(tcp)
	if err != nil {
		log.Fatal(err)
	}
	if !bytes.Equal(received, sent) {
		log.Fatalf("%d bytes came back, not the same", len(received))
	}
	fmt.Printf("%d bytes came back\n", len(received))
}
