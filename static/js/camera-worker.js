// Looks for codes in the pictures of the camera, away from the page: decoding never makes it wait,
// and WebAssembly is allowed here alone (see config/static_headers.py).
"use strict";

const LOOK_FOR = {
  formats: ["Code128", "EANUPC", "ITF", "DataBar", "Code39", "DataMatrix", "QRCode", "Aztec", "PDF417"],
  textMode: "Plain", // with FNC1 as GS, as a scanner sends it
  tryHarder: true,
  maxNumberOfSymbols: 1,
};

addEventListener("message", async ({ data }) => {
  try {
    if (data.reader) {
      importScripts(data.reader);
      await ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => data.wasm }, fireImmediately: true });
      postMessage({ ready: true });
      return;
    }
    const picture = new ImageData(new Uint8ClampedArray(data.pixels), data.width, data.height);
    const [code] = await ZXingWASM.readBarcodes(picture, LOOK_FOR);
    postMessage({ text: code?.isValid ? code.symbologyIdentifier + code.text : "" });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
});
