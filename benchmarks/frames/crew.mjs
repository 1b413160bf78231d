// Worker threads or processes that decode the same chunk repeatedly. Both run the same code. Processes share nothing,
// so the throughput of two processes on two cores is the most that the machine can provide.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const self = fileURLToPath(import.meta.url);
const isChild = process.argv[1] === self && typeof process.send === 'function';

if (!isMainThread && workerData?.crew)
  await serve(workerData, parentPort.on.bind(parentPort), parentPort.postMessage.bind(parentPort));
else if (isChild) await serve(JSON.parse(process.argv[2]), process.on.bind(process), process.send.bind(process));

const milliseconds = ({ user, system }) => (user + system) / 1000;

/** Decodes the chunk as many times as each message says, then replies with the processor time it took. */
async function serve({ chunk, bytes, size, backend }, on, say) {
  const { openCodecs } = await import('../../dist/data.node.js');
  const codecs = await openCodecs({ backend });
  const [packed, out] = [new Uint8Array(readFileSync(chunk)), new Uint8Array(bytes)];
  on('message', async (times) => {
    const began = process.cpuUsage();
    for (let i = 0; i < times; i++) await codecs.decode({ codec: 'bitshuffleLz4', elementBytes: size }, packed, out);
    say(milliseconds(process.cpuUsage(began)));
  });
  say('ready');
}

/**
 * A crew of `count` workers: `run(times)` decodes the chunk `times` times in all and returns how long that took, in
 * wall-clock and in processor time.
 */
export async function crew(kind, count, job) {
  const members = Array.from({ length: count }, () =>
    kind === 'workers'
      ? new Worker(self, { workerData: { ...job, crew: true } })
      : fork(self, [JSON.stringify(job)], { stdio: 'inherit' }),
  );
  const answers = () => Promise.all(members.map((member) => once(member, 'message')));
  await answers();
  return {
    async run(times) {
      const done = answers();
      const [began, used] = [performance.now(), process.cpuUsage()];
      for (const member of members) kind === 'workers' ? member.postMessage(times / count) : member.send(times / count);
      const told = await done;
      const clock = performance.now() - began;
      // All threads belong to this process, and each of them reports the processor time of all.
      const processors =
        kind === 'workers' ? milliseconds(process.cpuUsage(used)) : told.reduce((sum, [one]) => sum + one, 0);
      return { clock, processors };
    },
    end: () => Promise.all(members.map((member) => (kind === 'workers' ? member.terminate() : member.kill()))),
  };
}
