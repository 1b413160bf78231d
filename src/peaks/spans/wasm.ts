/** Sums over stretches of rows on wasm; a frame that is not in the heap is copied into it. */
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged } from '../../compute/backends/wasm/staging.js';
import { type SpansOp, spanWords } from './contract.js';

export const spansOp = ({ core }: WasmHost): SpansOp => ({
  supports: () => true,
  plan: async ({ params, spans, range, limits, saturation, regions, frameBytes }) =>
    planStaged(core, (staging) => {
      const tables = [params, spans, range, limits, saturation].map((table) => {
        if (!table) return 0;
        const address = staging.place(table.byteLength);
        core.write(address, table);
        return address;
      });
      const [ofParams = 0, ...others] = tables;
      const into = staging.place(8 * spanWords * regions);
      /** Memory for frames from elsewhere; usually they are in the heap. */
      let memory = 0;
      return {
        sum(frame, sums) {
          let place = core.addressOf(frame);
          if (place === undefined) {
            memory ||= staging.place(frameBytes);
            place = memory;
            core.write(place, frame);
          }
          core.check('ewald_spans_sum', ofParams, place, ...others, into);
          core.read(into, sums);
        },
        dispose: async () => staging.release(),
      };
    }),
});
