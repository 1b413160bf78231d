// A process of pretended workers, each with its own connection.
import { connect } from '@nats-io/transport-node';
import { pretend, Slots } from './pretend.mjs';

const { url, workers, slots, slow, name } = JSON.parse(process.argv[2]);
const state = new Slots();
for (let i = 0; i < workers; i++) {
  const settings = { servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 250, pingInterval: 10_000 };
  const connection = await connect(settings);
  pretend(connection, { url, name: `${name} ${i}`, slots, times: i < slow ? 20 : 1, state });
}
process.on('message', () => {
  state.count(0);
  const { user, system } = process.cpuUsage();
  process.send({ busyMs: state.busyMs, done: state.done, at: Date.now(), cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
