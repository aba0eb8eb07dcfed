// Builds the page into src/movinet/web/static, or into the folder that is named.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { drawIcon } from "./icon.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../src/movinet/web/static"));
const litert = join(here, "node_modules/@litertjs/core");

// What LiteRT.js lacks. A new version without these very texts ends the build.
const PATCHES = [
  // 8-bit states: its table of types has none.
  [
    `    dtype: "uint8",
    typedArrayConstructor: Uint8Array,
    elementType: ElementType.UINT8
  }
]);`,
    `    dtype: "uint8",
    typedArrayConstructor: Uint8Array,
    elementType: ElementType.UINT8
  },
  { dtype: "int8", typedArrayConstructor: Int8Array, elementType: ElementType.INT8 }
]);`,
  ],
  // It would take hold of the graphics processor, which is not used here.
  ["await Environment.create()", "await Environment.create({ webGpuDevice: null })"],
];

const patched = {
  name: "patched-litert",
  setup(build) {
    build.onLoad({ filter: /@litertjs[\\/]core[\\/]dist[\\/]index\.js$/ }, async ({ path }) => {
      let text = await readFile(path, "utf8");
      for (const [from, to] of PATCHES) {
        if (text.split(from).length !== 2) {
          throw new Error(`LiteRT.js is not what build.mjs expects; not found once: ${from}`);
        }
        text = text.replace(from, () => to);
      }
      return { contents: text, loader: "js" };
    });
  },
};

const common = {
  bundle: true,
  minify: true,
  target: ["es2022"],
  legalComments: "eof",
  logLevel: "warning",
  absWorkingDir: here,
};

/** Every file below a folder, as relative names in order. */
async function files(folder, below = "") {
  const names = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = join(below, name);
    const found = await stat(join(folder, path));
    names.push(...(found.isDirectory() ? await files(folder, path) : [path]));
  }
  return names;
}

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "wasm"), { recursive: true });
await cp(join(here, "static"), out, { recursive: true });
await Promise.all([
  esbuild.build({ ...common, entryPoints: ["src/page.ts"], outfile: join(out, "page.js"), format: "esm" }),
  esbuild.build({ ...common, entryPoints: ["src/movinet.ts"], outfile: join(out, "movinet.js"), format: "esm" }),
  // A classic worker: LiteRT.js loads its WebAssembly with importScripts.
  esbuild.build({
    ...common,
    entryPoints: ["src/worker.ts"],
    outfile: join(out, "worker.js"),
    format: "iife",
    plugins: [patched],
  }),
  ...["js", "wasm"].map((kind) =>
    // Not copied with its mode: the package has it as a program.
    readFile(join(litert, `wasm/litert_wasm_compat_internal.${kind}`)).then((bytes) =>
      writeFile(join(out, `wasm/litert_wasm_compat_internal.${kind}`), bytes),
    ),
  ),
  ...[180, 192, 512].map((size) => writeFile(join(out, `icon-${size}.png`), drawIcon(size))),
]);

// The service worker knows every file and, by a hash over them, when there are others.
const names = await files(out);
const hash = createHash("sha256");
for (const name of names) hash.update(name).update(await readFile(join(out, name)));
await esbuild.build({
  ...common,
  entryPoints: ["src/sw.ts"],
  outfile: join(out, "sw.js"),
  format: "iife",
  define: {
    FILES: JSON.stringify(names.map((name) => name.replaceAll("\\", "/"))),
    VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
  },
});
