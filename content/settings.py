from pydantic import BaseModel, ConfigDict, Field

from content.memory import PictureBounds
from content.options import RenderOptions
from content.words.settings import WordSettings
from content.workers import WorkerLimits
from wechat.limits import LengthRule


class ContentSettings(BaseModel):
    """`[content]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: str = Field("default", description="theme of articles that name none")
    code_theme: str = Field(
        "default",
        description="colours of code in articles that name none: a palette of `wxgate themes`, or"
        " a style of Pygments",
    )
    themes_dir: str = Field(
        "", description="folder of your own themes: each NAME.css in it is the theme NAME"
    )
    extensions: tuple[str, ...] = Field(
        (),
        description="your own rules for Markdown: Python files or modules with a function use(md)",
    )
    options: RenderOptions = Field(
        RenderOptions(), description="how articles are made that say nothing else"
    )
    words: WordSettings = Field(WordSettings(), description="lists of sensitive words")
    length_rule: LengthRule = Field(
        "text",
        description="how WeChat's disputed limits are read: text counts characters that readers"
        " see, strict counts UTF-8 bytes and the HTML",
    )
    max_images: int = Field(100, ge=0, description="different pictures in one article")
    image_concurrency: int = Field(
        24, ge=1, description="pictures of one article that are fetched and uploaded at once"
    )
    images_memory_mb: int = Field(
        96,
        ge=1,
        description="what fetched pictures of all articles may hold until they are uploaded; a"
        " picture without room waits",
    )
    render_cache_mb: int = Field(
        8, ge=0, le=1_000, description="what rendered articles may take that are kept; 0: none"
    )
    workers: int = Field(
        0, ge=0, description="processes for Markdown and pictures at most; 0: one per core"
    )
    worker_idle_s: float = Field(30, gt=0, description="an idle worker process ends after this")
    worker_memory_mb: int = Field(512, ge=256, description="address space of a worker process")
    worker_cpu_s: float = Field(
        2.5, gt=0, description="processor time for one picture, then it is refused"
    )
    render_cpu_s: float = Field(
        0.9, gt=0, description="processor time for one article's text, then it is refused"
    )
    worker_wall_s: float = Field(
        20, gt=0, description="wall time for one article or picture, then it is refused"
    )

    def picture_bounds(self) -> PictureBounds:
        """How many pictures may be under way."""
        return PictureBounds(self.image_concurrency, self.images_memory_mb * 1_000_000)

    def worker_limits(self) -> WorkerLimits:
        """What each worker process may use."""
        return WorkerLimits(
            memory_mb=self.worker_memory_mb,
            cpu_s=self.worker_cpu_s,
            render_cpu_s=self.render_cpu_s,
            wall_s=self.worker_wall_s,
            idle_s=self.worker_idle_s,
        )
