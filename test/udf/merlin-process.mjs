/** A simulated Merlin in a process of its own, which a test kills. */
import { simulateMerlin } from 'ewald/udf';

const [, , file, navigation] = process.argv;
const open = { format: 'raw', dtype: 'u16', sigShape: [16, 12], navShape: [2 * Number(navigation)] };
const simulator = await simulateMerlin(file, {
  port: 0,
  frames: 400,
  dwellUs: 2000,
  open,
});
process.send({ port: simulator.port, dataPort: simulator.dataPort });
