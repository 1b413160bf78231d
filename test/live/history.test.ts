/** The marks of a run in its chart over time. */
import { expect, test } from 'vitest';
import { LiveHistory } from '../../src/server/live-history.js';

test.for([
  ['tcp://10.0.0.1:5002: the connection was interrupted; the run waits for it', 'the connection was interrupted;'],
  ['tcp://10.0.0.1:5002 is connected again', 'is connected again'],
  ['run.h5: 3 frames lost', 'run.h5: 3 frames lost'],
])('the mark of the warning "%s" begins with what happened', ([text = '', words = '']) => {
  const history = new LiveHistory({ now: () => 1000, count: () => 0, status: () => [], means: () => [] });
  history.happened({ kind: 'warning', text });
  expect(history.since(0)).toEqual([
    expect.objectContaining({ isFault: true, text: expect.stringMatching(`^${words}`) }),
  ]);
});

test('the mark of an alarm of a region has its whole name, and means of frames are read', () => {
  const alarm = 'roi:jet.sum<4000 for 30s';
  const status = (): string[] => [`⚠ ${alarm}: roi:jet.sum is 312`];
  const history = new LiveHistory({ now: () => 1000, count: () => 0, status, means: () => [['background', 2]] });
  history.end();
  expect(history.since(0)).toEqual([
    { at: 1000, name: 'background', value: 2 },
    { at: 1000, text: alarm, isFault: true },
  ]);
});
