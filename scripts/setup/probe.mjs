/** Asks WebGPU for a device with shader-f16 and answers in one line of JSON; a process of its own, as Dawn may crash. */

const answer = (value) => process.stdout.write(`\n${JSON.stringify(value)}\n`);

async function probe() {
  let webgpu;
  try {
    webgpu = await import('webgpu');
  } catch (error) {
    return { kind: 'unloadable', detail: error.message };
  }
  // Dawn crashes when this object is collected.
  globalThis.probedGpu = webgpu.create([
    'enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis',
  ]);
  const adapter = await globalThis.probedGpu.requestAdapter();
  if (!adapter) return { kind: 'none' };
  const { description, device, architecture, vendor } = adapter.info;
  const name = description || device || architecture || vendor || 'unnamed';
  const matrix = adapter.features.has('chromium-experimental-subgroup-matrix');
  if (!adapter.features.has('shader-f16')) return { kind: 'f32', name, matrix };
  try {
    const opened = await adapter.requestDevice({ requiredFeatures: ['shader-f16'] });
    opened.destroy();
  } catch (error) {
    return { kind: 'f32', name, matrix, detail: error.message };
  }
  return { kind: 'f16', name, matrix };
}

answer(await probe());
