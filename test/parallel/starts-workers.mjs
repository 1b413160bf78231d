// A module that starts workers when it is imported, as a script does that defines its functions itself.
import { Executor } from 'ewald/executors';

export const square = ({ argument }) => ({ value: argument * argument });
const executor = await Executor.workers({ workers: 1 });
await executor.dispose();
