/** Orders the open backends by where a work pays. Loaded with the first plan for which there is a choice. */
import type { Backend } from '../backends/backend.js';
import type { BackendName } from '../backends/names.js';
import type { CpuName, Work } from '../backends/work.js';
import { type Cost, type Gpu, gpuWorthwhile, type Machine } from './pays.js';

const isCpu = ({ device }: Backend): boolean => device.kind === 'cpu';

/** A GPU with its numbers; one that cannot be measured has none, and cores are taken. */
async function gpuOf(backend: Backend): Promise<Gpu> {
  const isSoftware = backend.device.kind === 'software';
  const numbers = isSoftware ? undefined : await backend.numbers?.().catch(() => undefined);
  return { backend: backend.name, isSoftware, numbers };
}

/** Milliseconds, as a sentence shows them. */
export const msText = (ms: number): string => `${Number(ms.toPrecision(2))} ms`;

const reasonOf = (cost: Cost | undefined, best: Cost): string =>
  cost
    ? `about ${msText(cost.ms)} there, ${msText(best.ms)} on ${best.backend}; name it as backend to use it anyway`
    : 'a software device, or one that could not be measured; name it as backend to use it anyway';

/** The backends in the order in which they are asked, and why GPUs come after the cores. */
export async function orderByPay(
  work: Work,
  open: readonly Backend[],
  { cores, dataOn }: Pick<Machine, 'cores' | 'dataOn'>,
): Promise<{ readonly candidates: readonly Backend[]; readonly reasons: readonly string[] }> {
  const withKernels = open.filter((backend) => !isCpu(backend) && work.launches[backend.name] !== undefined);
  const gpus = await Promise.all(withKernels.map(gpuOf));
  const cpus = open.filter(isCpu).map(({ name }) => name as CpuName);
  const { costs } = gpuWorthwhile(work, { cores, cpus, gpus, ...(dataOn && { dataOn }) });
  const place = (name: BackendName): number => {
    const i = costs.findIndex(({ backend }) => backend === name);
    return i < 0 ? costs.length : i;
  };
  const candidates = [...open].sort((a, b) => place(a.name) - place(b.name));
  const behind = candidates.slice(candidates.findIndex(isCpu)).filter((backend) => withKernels.includes(backend));
  const reasons = behind.map(({ name }) => `${name}: ${reasonOf(costs[place(name)], costs[0] as Cost)}`);
  return { candidates, reasons };
}
