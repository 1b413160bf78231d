// Calls of a library at the wrong moment, one case for each process: `node hostile.mjs FOLDER CASE`. It prints the
// outcome; the test reads that and the exit code.
import { getLibHandle, toolsOf } from '../../dist/ffi.node.js';

const [folder, name] = process.argv.slice(2);
const open = () =>
  getLibHandle({
    header: 'hostile.h',
    includeDir: new URL('./fixtures/', import.meta.url).pathname,
    library: 'hostile',
    buildDir: folder,
    backend: 'native',
  });
const said = (error) => `${error.tag ?? error.name}: ${error.message.split('\n')[0]}`;
const caught = async (work) => {
  try {
    return await work();
  } catch (error) {
    return said(error);
  }
};
const values = new Float64Array([1, 2, 3]);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const cases = {
  async 'dispose during async'() {
    const lib = await open();
    const running = [lib.hostile_slow.async(300, values, 3), lib.hostile_slow.async(500, values, 3)];
    lib.dispose();
    lib.dispose();
    return [await Promise.all(running), await caught(() => lib.hostile_slow(1, values, 3))];
  },
  async 'dispose before async begins'() {
    const lib = await open();
    const { hostile_slow } = lib;
    lib.dispose();
    return [await caught(() => hostile_slow.async(1, values, 3)), await caught(() => hostile_slow(1, values, 3))];
  },
  async 'dispose inside a callback'() {
    const lib = await open();
    let left = 5;
    const sum = lib.hostile_call(() => {
      lib.dispose();
      return left--;
    }, 5);
    await pause(50);
    return [sum, lib.disposed];
  },
  async 'dispose inside a callback of an async call'() {
    const lib = await open();
    const sum = await lib.hostile_call.async(() => {
      lib.dispose();
      return 1;
    }, 5);
    await pause(50);
    return [sum, lib.disposed];
  },
  async 'exit during async'() {
    const lib = await open();
    lib.hostile_slow.async(300, values, 3);
    process.exit(7);
  },
  async 'call behind a pointer after dispose'() {
    const lib = await open();
    const visit = lib.callback('hostile_visit', (value) => value + 1);
    const call = lib.callable(lib.pointer('hostile_visit', 1n) && lib.pointer('int (int)', visit.address));
    const before = call(41);
    lib.dispose();
    visit.dispose();
    return [before, await caught(() => call(41))];
  },
  async 'a callback of another thread'() {
    const lib = await open();
    return lib.hostile_elsewhere.async((value) => value * 2, 21);
  },
  async 'callbacks of many threads at once'() {
    const lib = await open();
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) => lib.hostile_elsewhere.async((value) => value + i, 1000)),
    );
    return results.every((result, i) => result === 1000 + i);
  },
  async 'an exception reaches its own caller'() {
    const lib = await open();
    const bad = caught(() =>
      lib.hostile_elsewhere.async(() => {
        throw new Error('of the asynchronous call');
      }, 1),
    );
    const others = Promise.all(Array.from({ length: 5 }, () => lib.hostile_elsewhere.async((value) => value, 3)));
    // Concurrent synchronous calls must not receive the error.
    const sums = [];
    for (let i = 0; i < 20; i++) {
      sums.push(lib.hostile_call((value) => value, 3));
      await pause(5);
    }
    return [await bad, await others, [...new Set(sums)]];
  },
  async 'an exception in a callback inside a callback'() {
    const lib = await open();
    const inner = [];
    const outer = await caught(() =>
      lib.hostile_call((value) => {
        try {
          lib.hostile_call(() => {
            throw new Error(`inner ${value}`);
          }, 1);
        } catch (error) {
          inner.push(error.message);
        }
        if (value === 2) throw new Error('outer');
        // A successful call must not receive the error that an earlier callback threw.
        return lib.constructor(value);
      }, 4),
    );
    return [outer, inner, lib.constructor(1)];
  },
  async 'an exception after one that C went on from'() {
    const lib = await open();
    const kept = lib.callback('hostile_visit', () => {
      throw new Error('kept');
    });
    lib.hostile_keep(kept);
    return [await caught(() => lib.hostile_kept(1)), lib.constructor(1), await caught(() => lib.hostile_kept(2))];
  },
  async 'an exception that no call can take'() {
    const lib = await open();
    const kept = lib.callback('hostile_visit', () => {
      throw new Error('nobody asked');
    });
    lib.hostile_keep(kept);
    const seen = new Promise((done) => process.once('uncaughtException', (error) => done(error.message)));
    lib.hostile_later(30);
    const sums = [];
    for (let i = 0; i < 10; i++) {
      sums.push(lib.constructor(i));
      await pause(10);
    }
    return [await seen, sums.length];
  },
  async 'names of JavaScript'() {
    const lib = await open();
    const table = JSON.parse(JSON.stringify(toolsOf(lib).table));
    const again = await getLibHandle({ header: table, library: 'hostile', buildDir: folder, backend: 'native' });
    const proto = '__proto__';
    return [lib, again].map((one) => [one.constructor(4), one[proto](21), one.toString('text')]);
  },
  async 'a packed struct with bits and a union'() {
    const lib = await open();
    const box = { tag: 1, low: 5, high: -100000, whole: 7 };
    const sum = lib.hostile_unbox(box);
    return [sum, box, await caught(() => lib.hostile_unbox({ low: 8 })), await caught(() => lib.hostile_unbox(box))];
  },
  async 'nested arrays'() {
    const lib = await open();
    const rows = [[1, 2], new Int32Array([3, 4])];
    lib.hostile_fill(rows, 2, 2);
    return [
      lib.hostile_sum([[1, 2.5], [3, 4], null], 3, 2),
      lib.hostile_sum([new Float64Array([1, 2]), [3, 4]], 2, 2),
      rows.map((row) => [...row]),
      await caught(() => lib.hostile_sum([1, 2], 1, 2)),
      await caught(() => lib.hostile_sum([new Float32Array(2)], 1, 2)),
      await caught(() => lib.hostile_sum([[1, 'x']], 1, 2)),
    ];
  },
  async 'threads that call when the script has ended'() {
    const lib = await open();
    lib.hostile_keep(lib.callback('hostile_visit', (value) => value));
    for (let i = 0; i < 200; i++) lib.hostile_later(i);
    process.on('exit', (code) => console.error(`exit ${code}`));
    return 'ended';
  },
  async 'texts in and out'() {
    const lib = await open();
    const [out, named] = [[null], [null]];
    const length = lib.hostile_texts(['ab', 'cde', null], out, named);
    const text = out[0].text();
    lib.owned(out[0], { length: 10 }).dispose();
    return [length, text, named];
  },
};

const result = await cases[name]();
console.log(JSON.stringify(result));
