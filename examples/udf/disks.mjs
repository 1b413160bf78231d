// Diffraction disks and strain: finds the disks of every frame of a simulated scan, fits a lattice, maps its strain.
import { Context } from 'ewald/udf';

const [n, size, radius] = [8, 64, 4];
const frames = new Uint16Array(n * n * size * size);
for (let position = 0; position < n * n; position++) {
  // The lattice grows by 1 % along the scan's rows, so its reciprocal vectors shrink.
  const scale = 1 - (0.01 * (position % n)) / n;
  for (let i = -1; i <= 1; i++)
    for (let j = -1; j <= 1; j++)
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const distance = Math.hypot(y - 32 - 17 * scale * i, x - 31.5 - 18 * scale * j);
          const inside = Math.min(1, Math.max(0, radius + 0.5 - distance));
          frames[(position * size + y) * size + x] += inside * (1000 - 200 * (i * i + j * j));
        }
}

const ctx = new Context();
const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [size, size] });
// The first column of the scan has no strain.
const reference = Array.from({ length: n * n }, (_, i) => i % n === 0);
const strain = await ctx.run(ctx.createStrainAnalysis(scan, { diskRadius: radius, numPeaks: 9, reference }));
const row = Array.from(strain.exx.data.slice(0, n), (value) => (100 * value).toFixed(2));
console.log(`strain along x in the first row: ${row.join(' ')} %`);
console.log(`disks used at the first position: ${strain.disks.data[0]}`);
await ctx.close();
