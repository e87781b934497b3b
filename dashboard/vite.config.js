// Builds one page, one script and one style sheet. lastbyte embeds the files, so their names are fixed, without a hash.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

/** Adds the licences of the script's libraries. */
function licences() {
  const file = (name) => readFileSync(new URL(`node_modules/${name}`, import.meta.url), "utf8").trim();
  return {
    name: "licences",
    generateBundle() {
      const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
      const source = Object.entries(dependencies)
        .map(([name, version]) => `${name} ${version}\n\n${file(`${name}/LICENSE`)}\n`)
        .join("\n----\n\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [licences()],
  build: {
    outDir: "dist",
    target: "es2020",
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      output: {
        entryFileNames: "dashboard.js",
        chunkFileNames: "dashboard-[name].js",
        assetFileNames: "dashboard.[ext]",
      },
    },
  },
});
