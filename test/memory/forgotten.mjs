// Memory that nobody disposes, in a process of its own: the warning is one a process.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getLibHandle } from 'ewald/ffi';
import { IndirectMemory2D } from 'ewald/memory';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const [, , includeDir, buildDir] = process.argv;
const kit = await getLibHandle({ header: 'kit.h', includeDir, library: 'kit', buildDir, backend: 'wasm' });
const forget = () => {
  for (let i = 0; i < 50; i++) {
    kit.alloc('double', 100);
    IndirectMemory2D.create(10, 10, 'd', { memory: kit.memory });
  }
};
forget();
const before = kit.liveBytes;
for (let i = 0; i < 500 && kit.liveBytes > 0; i++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
process.stdout.write(JSON.stringify([before, kit.liveBytes]));
kit.dispose();
