import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const LOOPBACK = '127.0.0.1';
/** So much is read ahead of a slow receiver; then the sender has to wait, as on a real line. */
const BUFFERED_BYTES_MAX = 1_048_576;
const HUNG_LOOK_MS = 20;

/** How a line misbehaves. It holds for what is connected as well as for what comes. */
export interface LineFaults {
  /** Everything arrives so much later, in both directions. */
  latencyMs?: number;
  /** Everything arrives in pieces of so many bytes. */
  sliceBytes?: number;
  /** The line stands: connections are taken, and nothing goes through in either direction. What was sent arrives later. */
  isHung?: boolean;
}

/** A line of TCP that breaks on demand. */
export interface FaultProxy {
  readonly port: number;
  /** Where new connections lead from now on. */
  aim(port: number): void;
  /** From now on; what is left out is in order again. */
  set(faults: LineFaults): void;
  /** Resets connections at once, as a cable that is pulled: all, or those that `choose` picks. Returns how many. */
  cut(choose?: () => boolean): number;
  /** Cuts all connections, and refuses new ones until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** How many are connected now. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts a line on loopback that leads to `target`, a port there. In order until somebody says otherwise. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const line = new FaultyLine(target);
  await line.accept();
  return line;
}

class FaultyLine implements FaultProxy {
  port = 0;
  private faults: LineFaults = {};
  private server: Server | undefined;
  private readonly pairs = new Set<readonly [Socket, Socket]>();

  constructor(private target: number) {}

  aim(port: number): void {
    this.target = port;
  }

  set(faults: LineFaults): void {
    this.faults = faults;
  }

  cut(choose: () => boolean = () => true): number {
    const chosen = [...this.pairs].filter(choose);
    for (const pair of chosen) this.end(pair);
    return chosen.length;
  }

  async refuse(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  async accept(): Promise<void> {
    if (this.server) return;
    const server = createServer({ allowHalfOpen: true }, (near) => this.join(near));
    this.server = server;
    server.listen(this.port, LOOPBACK); // the first time any port, afterwards the same one
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port; // a TCP server that listens has an AddressInfo
  }

  connections(): number {
    return this.pairs.size;
  }

  async close(): Promise<void> {
    this.faults = {};
    await this.refuse();
  }

  private join(near: Socket): void {
    const far = connect({ host: LOOPBACK, port: this.target, allowHalfOpen: true });
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => this.end(pair));
      socket.on('close', () => {
        // One that ended in order leaves the other one its time to hear the rest.
        if (near.destroyed && far.destroyed) this.pairs.delete(pair);
      });
    }
    const faults = () => this.faults;
    new Direction(near, far, faults).flow();
    new Direction(far, near, faults).flow();
  }

  private end(pair: readonly [Socket, Socket]): void {
    this.pairs.delete(pair);
    for (const socket of pair) socket.resetAndDestroy();
  }
}

/** One direction of a connection: hands on what it reads, in order, as late and as small as the faults want it. */
class Direction {
  private readonly waiting: { bytes: Buffer; at: number }[] = [];
  private waitingBytes = 0;
  private isFlowing = false;
  private isOver = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly faults: () => LineFaults,
  ) {}

  flow(): void {
    const { from } = this;
    from.on('data', (bytes: Buffer) => {
      this.waiting.push({ bytes, at: performance.now() });
      this.waitingBytes += bytes.length;
      if (this.waitingBytes > BUFFERED_BYTES_MAX) from.pause();
      this.wake();
    });
    from.on('end', () => {
      this.isOver = true;
      this.wake();
    });
  }

  private wake(): void {
    if (this.isFlowing) return;
    this.isFlowing = true;
    this.handOn()
      .catch(() => this.to.resetAndDestroy())
      .finally(() => {
        this.isFlowing = false;
      });
  }

  private async handOn(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      await this.moment(next.at);
      for (const piece of this.pieces(next.bytes)) {
        if (this.to.destroyed) return;
        if (!this.to.write(piece)) await drained(this.to);
        if (piece !== next.bytes) await nextTurn();
      }
      this.waitingBytes -= next.bytes.length;
      if (this.waitingBytes <= BUFFERED_BYTES_MAX) this.from.resume();
    }
    if (!this.isOver) return;
    await this.moment(performance.now());
    this.to.end();
  }

  /** Resolves when what came at `at` may go on. */
  private async moment(at: number): Promise<void> {
    const late = at + (this.faults().latencyMs ?? 0) - performance.now();
    if (late > 0) await pause(late);
    while (this.faults().isHung && !this.to.destroyed && !this.from.destroyed) await pause(HUNG_LOOK_MS);
  }

  private pieces(bytes: Buffer): Buffer[] {
    const size = this.faults().sliceBytes;
    if (size === undefined || bytes.length <= size) return [bytes];
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
