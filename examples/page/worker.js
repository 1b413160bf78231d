// Bundlers resolve 'ewald'; without one, the address of the browser build is imported as here.
import { createContext } from '/node_modules/ewald/dist/index.browser.js';

// Not awaited here: messages that arrive before a worker has a handler are lost.
const opening = createContext();

self.onmessage = async ({ data: files }) => {
  const [geometry] = files.filter(({ name }) => name.endsWith('.geom'));
  const cells = files.filter(({ name }) => name.endsWith('.cell'));
  const inputs = files.filter((file) => file !== geometry && !cells.includes(file));
  const given = { ...(geometry && { geometry }), ...(cells.length > 0 && { cells }) };
  const bytes = [];
  try {
    const context = await opening;
    const run = context.pipeline({ inputs, ...given, output: (piece) => void bytes.push(piece) });
    for await (const { origin, result, error } of run) {
      if (error) postMessage({ message: error.message });
      else postMessage({ frame: origin.event, peaks: result.peaks.count, crystals: result.crystals.length });
    }
    postMessage({ bytes, message: 'Finished.' });
  } catch (error) {
    postMessage({ message: error.message });
  }
};
