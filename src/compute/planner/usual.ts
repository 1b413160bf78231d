/** The decisions that `devices` shows: usual runs of each work, what they would take, and where they are done. */
import type { BackendName } from '../backends/names.js';
import type { DeviceReport } from '../backends/open.js';
import type { CpuName, WorkReport } from '../backends/work.js';
import { msText } from './order.js';
import { type Cost, gpuWorthwhile } from './pays.js';
import { usualWorks } from './works.js';

type CostParts = Omit<Cost, 'backend'> | typeof without;

const without = { ms: null, copyMs: null, launchMs: null, computeMs: null } as const;

/** Reports of devices with the decisions between them; `named` is the backend that the user named, if it is there. */
export function withWorks(
  reports: readonly DeviceReport[],
  cores: number,
  named: BackendName | undefined,
): DeviceReport[] {
  const present = reports.filter(({ available, device }) => available && device);
  const isCpu = ({ device }: DeviceReport): boolean => device?.kind === 'cpu';
  const cpus = present.filter(isCpu).map(({ backend }) => backend as CpuName);
  const gpus = present
    .filter((report) => !isCpu(report))
    .map(({ backend, device, numbers }) => ({
      backend,
      isSoftware: device?.kind === 'software',
      numbers: numbers ?? undefined,
    }));
  const decisions = usualWorks.map(({ run, work }) => {
    const { costs } = gpuWorthwhile(work, { cores, cpus, gpus });
    const hasNamed = named !== undefined && (isNameOfCpu(named) || work.launches[named] !== undefined);
    return { run, work: work.name, costs, chosen: hasNamed ? named : costs[0]?.backend };
  });
  return reports.map((report) => ({
    ...report,
    works: report.available
      ? decisions.map(({ run, work, costs, chosen }): WorkReport => {
          const { backend: _, ...cost } = costs.find(({ backend }) => backend === report.backend) ?? {
            ...without,
            backend: report.backend,
          };
          return { work, run, chosen: chosen === report.backend, reason: reasonOf(report, cost), ...cost };
        })
      : [],
  }));
}

const isNameOfCpu = (name: BackendName): boolean => name === 'native' || name === 'wasm';

/** A cost in words. */
function reasonOf({ device, numbers }: DeviceReport, { ms, copyMs, launchMs, computeMs }: CostParts): string {
  if (device?.kind === 'software') return 'a software device, taken only by name';
  if (ms === null || copyMs === null || launchMs === null || computeMs === null)
    return numbers ? 'it has no kernels of this work' : 'it could not be measured';
  if (device?.kind === 'cpu') return msText(ms);
  // Less than the sum by more than rounding.
  const together = ms < 0.999 * (copyMs + launchMs + computeMs) ? ', overlapping' : '';
  const parts = [`copies ${msText(copyMs)}`, `launches ${msText(launchMs)}`, `kernels ${msText(computeMs)}`];
  return `${msText(ms)}: ${parts.join(', ')}${together}`;
}
