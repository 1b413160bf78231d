// Runs on a cluster: start `nats-server` and `ewald worker --connect nats://127.0.0.1:4222`, then pass the address.
import { Context, sumUdf } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

const ctx = await Context.connect(process.argv[2] ?? 'nats://127.0.0.1:4222').catch((error) => {
  if (!['Load', 'Lost', 'File'].includes(error.tag)) throw error;
  console.log(`this example needs a cluster: ${error.message}`);
  process.exit(0);
});
try {
  const { intensity } = await ctx.runUdf(await ctx.load(writeFrames(), raw), sumUdf());
  console.log(`cluster: ${intensity.data.reduce((a, b) => a + b, 0)}`);
} finally {
  await ctx.close();
}
