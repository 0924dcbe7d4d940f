import { once } from "node:events";
import { type AddressInfo, createServer, isIP, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { checkEgress } from "../../../src/delivery/egress-guard.js";
import { post } from "../../../src/delivery/send.js";
import { Notification } from "../../../src/domain/plans/plan.js";
import { nastyText } from "../mutate.js";
import { type Pieces, textOf } from "../pieces.js";
import { type Target, Violation } from "../target.js";
import { edit, edited } from "../text-edits.js";

const HOSTS = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "0",
  "10.0.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.169.254",
  "0xa9fea9fe",
  "100.64.0.1",
  "8.8.8.8",
  "1.1.1.1",
  "20.50.2.1",
  "255.255.255.255",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:0:7f00:1]",
  "[0:0:0:0:0:ffff:7f00:1]",
  "[64:ff9b::a9fe:a9fe]",
  "[2002:7f00:1::]",
  "[2001:db8::1]",
  "[fe80::1]",
  "[fe80::1%25eth0]",
  "[fd00:ec2::254]",
  "[3fff::1]",
  "[4000::1]",
  "[5f00::1]",
  "[100:0:0:1::1]",
  "[2603:1020::1]",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
  "127.0.0.1.",
  "user:p@127.0.0.1",
  "1.1.1.1#@127.0.0.1",
  "1.1.1.1\\@127.0.0.1",
];

const addresses = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTS) },
  { weight: 4, arbitrary: fc.ipV4() },
  { weight: 1, arbitrary: fc.ipV4Extended() },
  { weight: 4, arbitrary: fc.ipV6().map((address) => `[${address}]`) },
  { weight: 1, arbitrary: fc.nat({ max: 0xffff_ffff }).map(String) },
  { weight: 1, arbitrary: nastyText },
);

const urls = fc
  .tuple(
    fc.constantFrom(
      "http://",
      "https://",
      "HTTP:\\\\",
      "http:/",
      "http:///",
      "ftp://",
      "file://",
      "gopher://",
      "//",
      "\thttp://",
    ),
    addresses,
    fc.constantFrom("", "/", ":80/", ":0/", ":99999/", "/../x?y#z", ":443@8.8.8.8/"),
    fc.array(edit, { maxLength: 1 }),
  )
  .map(([scheme, host, rest, edits]) => edited(`${scheme}${host}${rest}`, edits));

/** The URL of a plan's webhook, and the address that is then called: never one outside the public internet. */
const outgoing: Target<string> = {
  name: "webhook-urls",
  share: 60_000,
  inputs: urls,
  async feed(text) {
    const named = Notification.shape.url.safeParse(text);
    if (!named.success) return "refused";
    const url = new URL(named.data);
    // A name needs a resolver. Only an address can be judged without one.
    if (isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0) return "refused";
    const checked = await checkEgress(url, false);
    if (!("address" in checked)) return "refused";
    if (url.username !== "" || !isPublic(checked.address)) throw new Violation(`would call ${checked.address}`);
    return "accepted";
  },
};

/** Leading bits of IPv4 addresses that are not on the public internet. */
const NOT_PUBLIC = [
  "0/8 10/8 100.64/10 127/8 168.63.129.16/32 169.254/16 172.16/12 192.0.0/24 192.0.2/24 192.88.99/24 192.168/16",
  "198.18/15 198.51.100/24 203.0.113/24 224/4 240/4",
]
  .join(" ")
  .split(" ")
  .map((range) => {
    const [network = "", bits = ""] = range.split("/");
    return bitsOf(network).slice(0, Number(bits));
  });

function bitsOf(address: string): string {
  const octets = [...address.split("."), "0", "0", "0"].slice(0, 4);
  return octets.map((octet) => Number(octet).toString(2).padStart(8, "0")).join("");
}

/** Independent of the guard: it compares the first bits of the address as text. */
function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !NOT_PUBLIC.some((bits) => bitsOf(address).startsWith(bits));
  const [first = "", second = ""] = address.split(":");
  const [high, low] = [Number.parseInt(first || "0", 16), Number.parseInt(second || "0", 16)];
  const special = [high === 0x2002, high === 0x2001 && (low < 0x200 || low === 0xdb8), high === 0x3fff && low < 0x1000];
  return high >= 0x2000 && high <= 0x3fff && !special.includes(true);
}

/** What a hostile server does with a connection: it sends texts with waits between them, then ends the connection. */
interface ServerBehaviour {
  says: { text: Pieces; waitMs: number }[];
  ends: "fin" | "reset" | "hold";
}

const TIME_LIMIT_MS = 60;
/** An answer later than this was not cut off at the limit. */
const SLACK_MS = 190;
const MAX_ANSWER_CHARACTERS = 4_096;

const LINES = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204 No Content\r\n",
  "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n",
  "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n",
  "HTTP/1.1 999 X\r\n",
  "HTTP/9.9 200 OK\r\n",
  "HTTP/1.0 500 X\r\n",
  "nonsense\r\n",
  "content-length: 5\r\n",
  "content-length: 99999999999\r\n",
  "content-length: -1\r\n",
  "transfer-encoding: chunked\r\n",
  "content-encoding: gzip\r\n",
  "set-cookie: a=b\r\n",
  "__proto__: x\r\n",
  "\r\n",
  "\r\n",
  "5\r\nhello\r\n",
  "fffffffff\r\n",
  "0\r\n\r\n",
  "hello",
  "\u0000\u00ff",
  "x: y\r\n",
];

const serverBehaviours: fc.Arbitrary<ServerBehaviour> = fc
  .record({
    begins: fc.constantFrom<Pieces[]>([], [["HTTP/1.1 200 OK\r\n", 1]], [["HTTP/1.1 200 OK\r\nx: y\r\n\r\n", 1]]),
    says: fc.array(
      fc.record({
        text: fc.array(fc.tuple(fc.constantFrom(...LINES), fc.constantFrom(1, 1, 1, 2, 3_000)), { maxLength: 6 }),
        waitMs: fc.constantFrom(0, 0, 0, 5),
      }),
      { maxLength: 3 },
    ),
    ends: fc.constantFrom<ServerBehaviour["ends"][]>("fin", "reset", "hold"),
  })
  .map(({ begins, says, ends }) => ({ says: [{ text: begins, waitMs: 0 }, ...says], ends }));

async function behave(socket: Socket, { says, ends }: ServerBehaviour): Promise<void> {
  socket.on("error", () => undefined);
  for (const { text, waitMs } of says) {
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (!socket.writable) return;
    socket.write(textOf(text), "latin1");
  }
  if (ends === "fin") socket.end();
  if (ends === "reset") socket.resetAndDestroy();
}

/** One server for all inputs. Each connection behaves as the current input says. */
class HostileServer {
  readonly #server: Server = createServer((socket) => {
    socket.on("data", (chunk) => {
      if (chunk.includes(`POST /${this.#turn} `)) this.#calls += 1;
    });
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    void behave(socket, this.#next);
  });
  readonly #sockets = new Set<Socket>();
  #next: ServerBehaviour = { says: [], ends: "fin" };
  #calls = 0;

  /** The number of requests of the last call. */
  get calls(): number {
    return this.#calls;
  }

  /** A connection of an earlier call may arrive late. */
  #turn = 0;

  async call(behaviour: ServerBehaviour): Promise<{ status: number; body: string } | undefined> {
    this.#next = behaviour;
    this.#calls = 0;
    this.#turn += 1;
    if (!this.#server.listening) {
      this.#server.listen(0, "127.0.0.1").unref();
      await once(this.#server, "listening");
    }
    const url = new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${this.#turn}`);
    const sent = post(url, { address: "127.0.0.1", family: 4 }, { headers: {}, body: '{"a":1}' }, TIME_LIMIT_MS);
    const late = new Promise<never>((_, reject) => {
      setTimeout(
        () => reject(new Violation("no answer long after the time limit")),
        TIME_LIMIT_MS + SLACK_MS * 10,
      ).unref();
    });
    try {
      return await Promise.race([sent, late]);
    } catch (error) {
      if (error instanceof Violation) throw error;
      return undefined;
    } finally {
      for (const socket of this.#sockets) socket.destroy();
    }
  }
}

const hostileServer = new HostileServer();

const answers: Target<ServerBehaviour> = {
  name: "webhook-answers",
  share: 3_000,
  inputs: serverBehaviours,
  async feed(behaviour) {
    const answer = await hostileServer.call(behaviour);
    if (hostileServer.calls > 1) throw new Violation("it called more than once");
    if (answer === undefined) return "refused";
    if (answer.body.length > MAX_ANSWER_CHARACTERS) throw new Violation(`kept ${answer.body.length} characters`);
    return "accepted";
  },
};

export const WEBHOOK_TARGETS: readonly Target[] = [outgoing, answers];
