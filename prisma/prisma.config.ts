import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";

// With a config file Prisma reads no .env by itself. Variables that are set already win.
const environmentFile = fileURLToPath(new URL("../.env", import.meta.url));
if (existsSync(environmentFile)) {
  process.loadEnvFile(environmentFile);
}

const project = { schema: "schema.prisma", migrations: { path: "migrations" } };

// Set by engineless.mjs, where Prisma's native engines cannot be downloaded.
const engineless = {
  engine: "js" as const,
  experimental: { adapter: true },
  adapter: async () => (await import("./engineless_adapter.mjs")).openAdapter(process.env.DATABASE_URL),
};

export default defineConfig(process.env.PRISMA_ENGINELESS ? { ...project, ...engineless } : project);
