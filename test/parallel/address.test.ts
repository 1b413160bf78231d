/** Addresses of clusters: passwords that have to be escaped are not shown. */
import { expect, test } from 'vitest';
import { checkNats } from '../../src/parallel/nats/library.js';

test.each(['nats://me:pa%secret@host:4222', 'nats://me:1#secret@host', 'nats://me:1/secret@host', 'me:secret@host'])(
  'no message shows the secrets of %s',
  (url) => {
    const told = (() => {
      try {
        return JSON.stringify(checkNats('connect', url, {}));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(told).not.toContain('secret');
    expect(told).toContain('escape');
  },
);
