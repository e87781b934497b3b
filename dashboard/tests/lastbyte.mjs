// Runs a real lastbyte with its dashboard, a group of three members (one of them dead), and peers that a test controls.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const TOKEN = "0123456789abcdef0123456789abcdef";

function listen(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

/** Starts a server. It keeps its connections in `sockets`. */
async function member() {
  const sockets = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(bytes));
    sockets.push(socket);
  });
  return { port: await listen(server), server, sockets };
}

/** Returns a port without a listener. */
async function nobody() {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  return port;
}

/** Returns {url, connect, members, close}. connect(): a client whose session is open and has echoed, of the forwarding db (0) or direct (1). */
export async function lastbyte(program = process.env.LASTBYTE) {
  const directory = await mkdtemp(join(tmpdir(), "lastbyte-"));
  const members = [await member(), await member()];
  const dead = await nobody();
  const token = join(directory, "token");
  await writeFile(token, `${TOKEN}\n`, { mode: 0o600 });
  const config = {
    workers: 2,
    log: { target: "off" },
    admin: { listen: `unix:${join(directory, "admin.sock")}`, "token-file": token },
    dashboard: { listen: "tcp:127.0.0.1:0" },
    groups: {
      databases: {
        policy: "least-sessions",
        members: [...members.map((each) => `tcp:127.0.0.1:${each.port}`), { connect: `tcp:127.0.0.1:${dead}`, backup: true }],
        check: { kind: "tcp", period: "200ms" },
      },
    },
    forwardings: [
      { name: "db", listen: "tcp:127.0.0.1:0", connect: "group:databases" },
      { name: "direct", listen: "tcp:127.0.0.1:0", connect: `tcp:127.0.0.1:${members[0].port}` },
    ],
  };
  const file = join(directory, "config.yaml");
  await writeFile(file, JSON.stringify(config));
  const daemon = spawn(program, ["proxy", "--config", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const started = new Promise((resolve, reject) => {
    daemon.stderr.on("data", (bytes) => {
      said += bytes;
      if (said.includes("records to")) resolve();
    });
    daemon.on("exit", (code) => reject(new Error(`lastbyte ended with ${code}: ${said}`)));
  });
  await started;
  daemon.removeAllListeners("exit");
  const ports = [...said.matchAll(/listening on 127\.0\.0\.1:(\d+)/g)].map((each) => Number(each[1]));
  const [, dashboard] = said.match(/dashboard at (127\.0\.0\.1:\d+)/);
  const clients = [];
  const connect = (forwarding = 0) =>
    new Promise((resolve, reject) => {
      const socket = net.connect({ port: ports[forwarding], host: "127.0.0.1", allowHalfOpen: true });
      clients.push(socket);
      socket.once("error", reject);
      socket.once("connect", () => socket.write("hello"));
      socket.once("data", () => {
        socket.removeListener("error", reject);
        socket.on("error", (error) => (socket.failure = error.code));
        resolve(socket);
      });
    });
  const close = async () => {
    for (const each of [...clients, ...members.flatMap((one) => one.sockets)]) each.destroy();
    for (const each of members) each.server.close();
    const ended = new Promise((resolve) => daemon.on("exit", resolve));
    daemon.kill("SIGTERM");
    const status = await ended;
    await rm(directory, { recursive: true });
    if (status !== 0) throw new Error(`lastbyte ended with ${status}: ${said}`);
  };
  return { url: `http://${dashboard}/`, connect, members, close };
}
