// What a rank of a law over distributed transforms runs, as a task of spmd.
/** Transforms its part of the world: { base, boxes: [[in, out], …], values, kind, precision, algorithm }. */
export async function transformed({ base, boxes, size, values, kind, precision, algorithm }, { comm }) {
  const heffte = await import(`${base}/heffte.node.js`);
  const [inbox, outbox] = boxes[comm.rank].map(([low, high]) => heffte.box3d(low, high));
  const plan = await heffte.fft3d('stock', inbox, outbox, comm, {
    algorithm,
    ...(kind !== 'c2c' && { r2r: kind }),
  });
  const width = kind === 'c2c' ? 2 : 1;
  const [low, high] = boxes[comm.rank][0];
  const Real = precision === 'f32' ? Float32Array : Float64Array;
  const own = [];
  for (let z = low[2]; z <= high[2]; z++)
    for (let y = low[1]; y <= high[1]; y++)
      for (let x = low[0]; x <= high[0]; x++)
        for (let part = 0; part < width; part++) own.push(values[width * ((z * size[1] + y) * size[0] + x) + part]);
  const found = Array.from(await plan.forward(Real.from(own)));
  await plan.dispose();
  return found;
}
