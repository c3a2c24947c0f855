// Command agent serves a few figures of the machine it runs on, for a collector on the same machine.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:7070", "address to serve on")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		if err := writeMetrics(w, "/proc"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// writeMetrics writes the load and the available memory, one "name value" a line.
func writeMetrics(w io.Writer, proc string) error {
	load, err := os.ReadFile(proc + "/loadavg")
	if err != nil {
		return err
	}
	memory, err := availableMemory(proc)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "load1 %s\nmemory_available_bytes %d\n", strings.Fields(string(load))[0], memory)
	return err
}

func availableMemory(proc string) (int64, error) {
	file, err := os.Open(proc + "/meminfo")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "MemAvailable:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("meminfo names no available memory")
}
