from pydantic import BaseModel, ConfigDict, Field


class BackupSettings(BaseModel):
    """`[backup]` of the configuration: backups that the gateway makes by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_h: float = Field(0, ge=0, le=8_760, description="hours between two backups; 0: none")
    folder: str = Field("", description="where to; empty: data_dir/backup")
    keep: int = Field(7, ge=1, le=1_000, description="how many of them stay there")
    passphrase_file: str = Field(
        "",
        description="with it backups are encrypted, and hold the master key and the CA too",
    )
