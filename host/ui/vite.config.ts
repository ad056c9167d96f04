// How the page is built and served while developing. The gateway embeds `dist`.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const gateway = process.env["WINGMAN_UI_GATEWAY"] ?? "http://127.0.0.1:18790";

export default defineConfig({
  plugins: [svelte()],
  // Vitest would otherwise resolve Svelte's server build, which cannot mount.
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  build: {
    target: "es2022",
    // Inlined data: URLs would need a looser Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      // The gateway compares Origin with Host, so the proxy presents its own target as both.
      "/api": { target: gateway, changeOrigin: true, headers: { origin: gateway } },
      "/ws": { target: gateway, changeOrigin: true, ws: true, headers: { origin: gateway } },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
  },
});
