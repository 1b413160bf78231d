// A format that the package does not know: a class that reads its frames, for analyses and UDFs on any executor.
import { Context, sumSigUdf } from 'ewald/udf';

/** Frames that are stored as runs: value, length, value, length, … */
class RunLengths {
  shape = { nav: [4, 4], sig: [8, 8] };
  dtype = 'u16';
  name = 'run lengths';
  #frames = Array.from({ length: 16 }, (_, n) => [0, 10, n, 54]);

  async read(first, count, into) {
    into.fill(0);
    for (let i = 0; i < count; i++) {
      let at = 64 * i;
      const runs = this.#frames[first + i];
      for (let k = 0; k < runs.length; k += 2) {
        into.fill(runs[k], at, at + runs[k + 1]);
        at += runs[k + 1];
      }
    }
  }

  /** Pixels without a count: excluded, since the scan is loaded with `fileMask`. */
  mask() {
    return Uint8Array.from({ length: 64 }, (_, p) => (p === 63 ? 1 : 0));
  }
}

for (const kind of ['inline', 'workers']) {
  const ctx = await Context.makeWith(kind, kind === 'workers' ? { cpus: 2 } : {});
  const scan = await ctx.load(new RunLengths(), { fileMask: true });
  const { intensity } = await ctx.runUdf(scan, sumSigUdf());
  console.log(`${kind}: ${intensity.shape.join(' x ')}, sums ${intensity.data[0]} to ${intensity.data[15].toFixed(3)}`);
  await ctx.close();
}
