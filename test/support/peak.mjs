// Prints the peak memory of the process on standard error when it ends: not what the process that started it had used,
// which Linux counts in the resource usage of both.
import { readFileSync } from 'node:fs';

function peakKb() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
process.on('exit', () => process.stderr.write(`peak ${Math.round(peakKb() / 1024)} MB\n`));
