/**
 * Workaround: without a Vulkan loader or driver Dawn writes warnings with C++ stack traces to standard error, which
 * cannot be silenced, and then reports only that there is no adapter. On Linux, where Vulkan is Dawn's only backend,
 * both are checked first, so that the usual machine without a GPU gets a silent refusal with a reason. Undecidable
 * cases are left to Dawn. Delete when Dawn reports through its API.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { homeFolder } from '../system.js';

/** Why Vulkan cannot work here; undefined if it may. */
export function vulkanMissing(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (process.platform !== 'linux') return undefined;
  if (!loaderPresent(env))
    return (
      'the Vulkan loader libvulkan.so.1 is missing; install it (Debian, Ubuntu: apt install libvulkan1) ' +
      `or ${driver()}`
    );
  if (!driverPresent(env)) return `no Vulkan driver is installed (no manifest in vulkan/icd.d); install ${driver()}`;
  return undefined;
}

/** Whether the system shows a graphics card. */
const hasCard = (): boolean =>
  ['/dev/dri', '/dev/nvidia0', '/dev/nvidiactl', '/dev/kfd', '/dev/dxg'].some((path) => existsSync(path));

/** The driver to install: without a GPU only a software driver can be used. */
const driver = (): string =>
  hasCard()
    ? 'the driver of the GPU'
    : 'a software driver, since this machine has no GPU (Debian, Ubuntu: apt install mesa-vulkan-drivers, which has ' +
      'lavapipe)';

/**
 * Whether a Linux machine has no GPU and no driver was chosen explicitly. Only software drivers are then available:
 * automatic choice would not use one, Dawn takes a tenth of a second to find it, and Mesa's writes warnings to standard
 * error.
 */
export function noCard(env: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== 'linux' || env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || env.VK_ADD_DRIVER_FILES)
    return false;
  return !hasCard();
}

/**
 * Sets XDG_RUNTIME_DIR if it is unset, as in services and containers: libwayland, which Mesa's drivers load, complains
 * on standard error otherwise. Nothing is written there.
 */
export function runtimeFolder(env: NodeJS.ProcessEnv = process.env): void {
  if (process.platform === 'linux' && !(env.XDG_RUNTIME_DIR && existsSync(env.XDG_RUNTIME_DIR)))
    env.XDG_RUNTIME_DIR = tmpdir();
}

const paths = (value: string | undefined): string[] => (value ?? '').split(delimiter).filter(Boolean);

function loaderPresent(env: NodeJS.ProcessEnv): boolean {
  if (paths(env.LD_LIBRARY_PATH).some((folder) => existsSync(join(folder, 'libvulkan.so.1')))) return true;
  // ldconfig's cache names every library that the dynamic linker would find; a system without one is not judged.
  try {
    return readFileSync('/etc/ld.so.cache').includes('libvulkan.so.1');
  } catch {
    return true;
  }
}

function driverPresent(env: NodeJS.ProcessEnv): boolean {
  const named = [...paths(env.VK_DRIVER_FILES), ...paths(env.VK_ICD_FILENAMES)];
  if (named.length > 0) return named.some((file) => existsSync(file));
  if (env.VK_ADD_DRIVER_FILES) return true;
  const home = homeFolder();
  const folders = [
    ...paths(env.XDG_CONFIG_DIRS ?? '/etc/xdg'),
    ...paths(env.XDG_DATA_DIRS ?? '/usr/local/share:/usr/share'),
    env.XDG_CONFIG_HOME ?? (home && join(home, '.config')),
    env.XDG_DATA_HOME ?? (home && join(home, '.local/share')),
    '/etc',
    '/usr/local/etc',
    '/usr/local/share',
    '/usr/share',
  ];
  return folders.some((folder) => {
    if (!folder) return false;
    try {
      return readdirSync(join(folder, 'vulkan/icd.d')).some((file) => file.endsWith('.json'));
    } catch {
      return false;
    }
  });
}
