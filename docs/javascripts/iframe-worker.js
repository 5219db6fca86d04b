// Search where the site is opened from a folder: browsers start no workers from files, so the
// worker's script runs in a hidden frame and answers from there.
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      this.inside.answer = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.loaded = new Promise((resolve) => (this.inside.ready = resolve));
      this.inside.document.open();
      this.inside.document.write(
        "<script>postMessage = answer; importScripts = (...urls) => urls.reduce((before, url) => " +
          "before.then(() => new Promise((done) => { const script = document.createElement('script'); " +
          "script.src = url; script.onload = done; document.body.appendChild(script); })), " +
          "Promise.resolve())</script>" +
          `<body><script src="${url}" onload="ready()"></script></body>`,
      );
      this.inside.document.close();
    }
    postMessage(data) {
      this.loaded.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      this.inside.frameElement.remove();
    }
  }
  window.IFrameWorker = window.Worker = IFrameWorker;
}
