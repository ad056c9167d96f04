// node componentize.mjs SOURCE WIT WORLD OUT, from the plugin's folder: the engine reads modules below the working folder alone.
import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const [sourcePath, witPath, worldName, out] = process.argv.slice(2);
// Without these features the component imports nothing but what its world names.
const disableFeatures = ['stdio', 'random', 'clocks', 'http', 'fetch-event'];
try {
  const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
  await writeFile(out, component);
} catch (error) {
  console.error(error.message ?? error);
  process.exit(1);
}
