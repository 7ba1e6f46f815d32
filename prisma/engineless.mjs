// Runs the Prisma CLI on its WebAssembly schema engine, for machines that cannot download the native
// ones: `node engineless.mjs migrate status` is `npx prisma migrate status`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const { status, error } = spawnSync(
  process.execPath,
  [fileURLToPath(new URL("node_modules/prisma/build/index.js", import.meta.url)), ...process.argv.slice(2)],
  {
    cwd: folder,
    stdio: "inherit",
    env: {
      ...process.env,
      PRISMA_ENGINELESS: "1",
      // Any existing file stops the download of the query engine, which nothing here uses.
      PRISMA_QUERY_ENGINE_LIBRARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  },
);
if (error) throw error;
process.exit(status ?? 1);
