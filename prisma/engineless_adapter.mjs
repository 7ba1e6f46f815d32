// The connection of Prisma's WebAssembly schema engine, mended where it differs from the native one.
import { randomUUID } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import { ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import { parseIntoClientConfig } from "pg-connection-string";

const CHAR_OID = 18;
const TEXT_OID = 25;

// The adapter does not know Postgres' internal type "char", which the catalogue is full of and the
// engine wants as a character.
function readChars(adapter) {
  const { queryRaw, performIO } = adapter;
  adapter.queryRaw = async (query) => {
    const result = await performIO.call(adapter, query);
    const chars = result.fields.map((field) => field.dataTypeID === CHAR_OID);
    for (const field of result.fields.filter((_, column) => chars[column])) field.dataTypeID = TEXT_OID;
    const answered = Object.create(adapter, { performIO: { value: async () => result } });
    const answer = await queryRaw.call(answered, query);
    const columnTypes = answer.columnTypes.map((type, column) => (chars[column] ? ColumnTypeEnum.Character : type));
    return { ...answer, columnTypes };
  };
}

// The adapter cuts scripts at every semicolon, those in function bodies and comments included. The
// native engine sends the file as it is, and Postgres runs it as one implicit transaction.
function sendScriptsWhole(adapter) {
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      adapter.onError(error);
    }
  };
}

async function connect(config) {
  // One connection, as the advisory lock belongs to a session; the process need not wait for it to idle out.
  const adapter = await new PrismaPg({ ...config, max: 1, allowExitOnIdle: true }).connect();
  readChars(adapter);
  sendScriptsWhole(adapter);
  return adapter;
}

// The adapter's own shadow database is the main one whenever that is given as a URL.
async function connectToShadow(config) {
  const database = `prisma_shadow_${randomUUID()}`;
  const maintenance = await connect(config);
  await maintenance.executeScript(`CREATE DATABASE "${database}"`);
  const shadow = await connect({ ...config, database });
  const dispose = shadow.dispose.bind(shadow);
  shadow.dispose = async () => {
    await dispose();
    await maintenance.executeScript(`DROP DATABASE "${database}"`);
    await maintenance.dispose();
  };
  return shadow;
}

// The engine does not clear the timer of its wait for the advisory lock, and Node waits for timers.
function letLongTimersGo() {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (callback, delay, ...values) => {
    const timer = setTimeout(callback, delay, ...values);
    return delay >= 10_000 ? timer.unref() : timer;
  };
}

export function openAdapter(connectionString) {
  if (!connectionString) throw new Error("Set DATABASE_URL to postgresql://user:password@host:5432/name");
  letLongTimersGo();
  const config = parseIntoClientConfig(connectionString);
  const factory = new PrismaPg(config);
  factory.connect = () => connect(config);
  factory.connectToShadowDb = () => connectToShadow(config);
  return factory;
}
