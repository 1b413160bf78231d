/** The system calls of WASI that a module may make without files: time, chance, waiting, an empty environment, output. */

/** What the calls need of the place where the module runs. */
export interface SystemPlace {
  /** The memory of the module; undefined before it is started. */
  readonly memory: () => { readonly buffer: ArrayBufferLike } | undefined;
  readonly print: (line: string) => void;
}

type Call = (...values: (number | bigint)[]) => number;

/**
 * The calls by name. Its text is part of the worker of asynchronous calls, so that it refers to nothing outside.
 *
 * A page has no clock of the processor: that of the process is the one that never goes back, as Emscripten has it.
 */
export function systemCalls({ memory, print }: SystemPlace): Readonly<Record<string, Call>> {
  /** WASI's numbers of errors: there is no such clock or file. */
  const [invalid, badDescriptor] = [28, 8];
  const view = (): DataView => {
    const found = memory();
    if (!found) throw new Error('the module calls the system before it has memory');
    return new DataView(found.buffer);
  };
  const nanoseconds = (clock: number): bigint =>
    clock === 0
      ? BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n
      : BigInt(Math.round(performance.now() * 1e6));
  const sleep = (milliseconds: number): void => {
    const end = performance.now() + milliseconds;
    try {
      // One wait may end early.
      for (let left = milliseconds; left > 0; left = end - performance.now())
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
    } catch {
      // The thread of a page may not wait.
      while (performance.now() < end);
    }
  };
  const outputs = [1, 2].map((file) => ({ file, text: new TextDecoder(), line: '' }));
  const nothing: Call = (count, size) => {
    view().setUint32(Number(count), 0, true);
    view().setUint32(Number(size), 0, true);
    return 0;
  };
  return {
    clock_time_get(clock, _precision, at) {
      if (Number(clock) > 3) return invalid;
      view().setBigUint64(Number(at), nanoseconds(Number(clock)), true);
      return 0;
    },
    clock_res_get(clock, at) {
      if (Number(clock) > 3) return invalid;
      view().setBigUint64(Number(at), 1000n, true);
      return 0;
    },
    random_get(at, bytes) {
      const { buffer } = view();
      const drawn = new Uint8Array(Number(bytes));
      // At most 65536 bytes can be asked for at once.
      for (let i = 0; i < drawn.length; i += 65536) crypto.getRandomValues(drawn.subarray(i, i + 65536));
      new Uint8Array(buffer, Number(at)).set(drawn);
      return 0;
    },
    /** Waits for the first of the given times; files are refused by an event each. */
    poll_oneoff(subscriptions, events, count, written) {
      const asked = Array.from({ length: Number(count) }, (_, i) => {
        const at = Number(subscriptions) + i * 48;
        const [type, clock] = [view().getUint8(at + 8), view().getUint32(at + 16, true)];
        const [time, isAbsolute] = [view().getBigUint64(at + 24, true), view().getUint16(at + 40, true) & 1];
        const left = isAbsolute ? time - nanoseconds(clock) : time;
        return { user: view().getBigUint64(at, true), type, left: left > 0n ? left : 0n };
      });
      if (asked.length === 0) return invalid;
      const isReady = ({ type }: { type: number }): boolean => type !== 0;
      const ready = asked.filter(isReady);
      if (ready.length === 0) {
        const [first] = asked.sort((a, b) => (a.left < b.left ? -1 : a.left > b.left ? 1 : 0));
        if (first) ready.push(first);
        sleep(Number(first?.left ?? 0n) / 1e6);
      }
      for (const [i, { user, type }] of ready.entries()) {
        const at = Number(events) + i * 32;
        new Uint8Array(view().buffer, at, 32).fill(0);
        view().setBigUint64(at, user, true);
        view().setUint16(at + 8, type === 0 ? 0 : badDescriptor, true);
        view().setUint8(at + 10, type);
      }
      view().setUint32(Number(written), ready.length, true);
      return 0;
    },
    sched_yield: () => 0,
    environ_sizes_get: nothing,
    environ_get: () => 0,
    args_sizes_get: nothing,
    args_get: () => 0,
    /** Prints whole lines; an incomplete one is kept until it ends. */
    fd_write(file, list, count, written) {
      const output = outputs.find((one) => one.file === file);
      if (!output) return badDescriptor;
      let total = 0;
      for (let i = 0; i < Number(count); i++) {
        const start = view().getUint32(Number(list) + i * 8, true);
        const length = view().getUint32(Number(list) + i * 8 + 4, true);
        // A character may continue in the next part.
        output.line += output.text.decode(new Uint8Array(view().buffer, start, length).slice(), { stream: true });
        total += length;
      }
      const lines = output.line.split('\n');
      output.line = lines.pop() ?? '';
      for (const full of lines) print(full);
      view().setUint32(Number(written), total, true);
      return 0;
    },
  };
}

/** Whether a call of WASI is about a file, of which there is none: C gets "bad descriptor". */
export const isOfFiles = (name: string): boolean => /^(?:fd|path|sock)_/.test(name);
