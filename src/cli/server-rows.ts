/** The flags of the commands whose only purpose is a cluster. */
import { connectionRows, type Parameters } from '../entries/command.node.js';

export const serverRows = {
  connect: {
    kind: 'text',
    sentence: 'the NATS server: nats://host:4222, tls://host:4222 (or EWALD_NATS)',
    value: 'url',
  },
  ...connectionRows,
} as const satisfies Parameters;
